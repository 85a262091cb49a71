#pragma once
// How a trace becomes a list of steps over planned memory. Used by program.cpp only.
#include "program.h"

namespace keratin {

// Where the memory of a value comes from.
enum class Home { arena, variable, constant, input, output };

// A block of memory that one or more values (views, in-place results) share.
struct Block {
  Home home = Home::arena;
  std::size_t bytes = 0;
  std::size_t offset = 0;     // arena
  int index = -1;             // variable, input, output: which one
  Tensor constant;
  int first = -1, last = -1;  // steps between which it is alive
};

struct Slot {  // one tensor of a step
  TensorType type;
  int block;
};

struct Step {
  OpPtr op;
  std::vector<Slot> inputs, outputs;
};

struct Copy {  // an assignment that could not be computed in place
  Slot from;
  int variable;
};

struct Layout {
  std::vector<Step> steps;
  std::vector<Block> blocks;
  std::vector<VariablePtr> variables;
  std::vector<bool> written;       // variables that a run changes
  std::vector<Copy> copies;
  std::vector<Slot> results;       // the program's outputs
  std::vector<int> output_blocks;  // blocks that are handed out, fresh at every run
  Types input_types, output_types;
  std::size_t arena_bytes = 0;
  Program::Summary summary{};
};

Layout lay_out(const Graph& graph, const Values& outputs);

}  // namespace keratin
