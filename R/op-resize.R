# Resizing of the axes between batch and channels (1 to 3 of them), channels last.

# `interpolation`: "nearest", "bilinear", "area", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic".
op_resize <- function(x, size, interpolation = "nearest", antialias = FALSE) {
  call_op("resize", list(x), list(size = size, interpolation = interpolation, antialias = antialias))
}

# Every element `size` times along its axis.
op_upsample <- function(x, size) call_op("upsample", list(x), list(size = size))
