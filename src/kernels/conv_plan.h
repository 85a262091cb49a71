#pragma once
#include "conv_geometry.h"
#include "dispatch.h"

namespace keratin {

inline Index ceil_divide(Index a, Index b) { return a >= 0 ? (a + b - 1) / b : -((-a) / b); }
inline Index floor_divide(Index a, Index b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
inline Index smaller(Index a, Index b) { return a < b ? a : b; }
inline Index larger(Index a, Index b) { return a > b ? a : b; }

// The input position that output `o` reads at kernel position `k` of an axis, or -1.
Index source_position(const ConvGeometry& geometry, bool transposed, int axis, Index o, Index k);
// Input positions that the outputs [begin, end) of an axis read, clipped to the input.
void input_range(const ConvGeometry& geometry, bool transposed, int axis, Index begin, Index end, Index& low, Index& high);

// How a convolution, or its gradient for the input, becomes matrix products.
//
// Along the last axis a row of a tile is a window of contiguous input pixels, and gives `pixels` neighbouring output pixels: all the phases of a
// transposed convolution's stride at once, and several outputs where filters are too few to fill registers. The columns are (output pixel,
// filter), so consecutive rows are consecutive in memory. This is the fused form. With dilation along that axis or groups the window is
// not contiguous: then each kernel position is a tap of its own, and each phase a product of its own (`phases`).
// Kernel positions of the other axes are always taps.
struct ConvPlan {
  ConvGeometry geometry;
  bool transposed;
  Index in[3], out[3];                    // of what is read and what is written
  Index in_channels, out_channels;        // of a pixel
  Index depth_channels, columns_channels;  // of a group
  bool fused;
  Index pixels;        // output pixels of a row
  Index step;          // input pixels from a row to the next
  Index window;        // input pixels of a row (fused), 1 otherwise
  Index window_start;  // the first, of row 0 (fused)
  Index phases;        // along the last axis (1 if fused)
  Index taps;          // packed kernel positions
  int vectors;         // registers in a panel, or its columns (dots)
  bool dots;           // registers run along the depth, and a panel is a few columns, [tap][column][row]
  Index tile_rows;     // at most
  Index panel_width, columns, panels_of_group, panels;

  double cost;         // of one line of outputs, in cycles

  Index window_depth() const { return window * depth_channels; }
};

// Which pixels of the window, [low, high), have weights in any column of the panel.
struct PanelWindow {
  Index low, high;
};
PanelWindow panel_window(const ConvPlan& plan, Index panel_of_group);

// A part of a panel that all rows meet before the next: taps [first_tap, end_tap), rows [first_row, end_row) of each.
struct PanelBlock {
  Index first_tap, end_tap, first_row, end_row;
  Index rows() const { return end_row - first_row; }
  Index elements(Index panel_width) const { return (end_tap - first_tap) * rows() * panel_width; }
};
Index blocks_of_panel(const ConvPlan& plan, PanelWindow window);
PanelBlock panel_block(const ConvPlan& plan, PanelWindow window, Index block);

// Rows of the last axis in one phase, [first, end), and where they read and write.
struct PhaseRows {
  Index first, end;
};
PhaseRows phase_rows(const ConvPlan& plan, Index phase);

template <class T>
ConvPlan plan_conv(const ConvGeometry& geometry, bool transposed);

// Weights of one block of one panel, [tap][row][panel_width] or, for dots, [tap][column][row].
template <class T>
void pack_block(const ConvPlan& plan, const T* kernel, Index panel, PanelWindow window, const PanelBlock& block, T* packed);

}  // namespace keratin
