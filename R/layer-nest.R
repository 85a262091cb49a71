# Nested structures: plain lists (unclassed) are branches, everything else is a leaf.

is_branch <- function(x) is.list(x) && !is.object(x)

nest_flatten <- function(x) {
  if (!is_branch(x)) return(list(x))
  if (!length(x)) return(list())
  unlist(lapply(unname(x), nest_flatten), recursive = FALSE, use.names = FALSE)
}

nest_map <- function(x, f) {
  if (!is_branch(x)) return(f(x))
  lapply(x, nest_map, f)
}

# The structure of `x` with its leaves replaced, in order, by those of the flat list `leaves`.
nest_pack <- function(x, leaves) {
  position <- 0L
  nest_map(x, function(leaf) leaves[[position <<- position + 1L]])
}

first_leaf <- function(x) if (is_branch(x)) first_leaf(x[[1L]]) else x
has_names <- function(x) length(x) > 0L && !is.null(names(x)) && all(nzchar(names(x)))
