# Names as Keras gives them: "conv1d_transpose", "conv1d_transpose_1", ... counted from k_clear_session().

# State of the layers room: name counters, and what the call under way hands down to the layers inside it.
layer_state <- new.env(parent = emptyenv())
layer_state$counts <- list()       # name -> how many were given
layer_state$training <- NULL       # training phase of the outermost call, NULL outside
layer_state$depth <- 0L            # nesting of layer calls
layer_state$calls <- 0             # outermost calls so far
layer_state$outermost <- NULL      # layer of the outermost call, while it lasts
layer_state$inferring <- FALSE     # only shapes are wanted: losses and updates are not kept
layer_state$scope <- character()   # names of the enclosing layers, for weight names
layer_state$node_count <- 0L       # nodes made so far; a node's number is its identity
layer_state$custom_objects <- list()

snake_case <- function(name) {
  name <- gsub("(.)([A-Z][a-z]+)", "\\1_\\2", name)
  name <- tolower(gsub("([a-z])([A-Z])", "\\1_\\2", name))
  if (startsWith(name, "_")) paste0("private", name) else name
}

# The first of a name has no number ("dense"), the second is "dense_1"; inputs count from "input_1".
unique_name <- function(base, zero_based = TRUE) {
  count <- layer_state$counts[[base]]
  if (is.null(count)) count <- if (zero_based) 0L else 1L
  layer_state$counts[[base]] <- count + 1L
  if (count == 0L) base else paste0(base, "_", count)
}

# Metrics that a model makes from their class names are counted by themselves, as in Keras: "AUC" is "auc" in each.
with_names_anew <- function(expr) {
  counts <- layer_state$counts
  on.exit(layer_state$counts <- counts)
  reset_names()
  expr
}

reset_names <- function() {
  layer_state$counts <- list()
  invisible()
}
