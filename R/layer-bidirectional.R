#' Run a recurrent layer in both directions
#'
#' @inheritParams layer_dense
#' @param layer A recurrent layer: the one that runs forward; a copy of it runs backward.
#' @param merge_mode How the two outputs become one: `"concat"` (along the last axis), `"sum"`, `"mul"`, `"ave"`, or `NULL` for a list of the two.
#' @param weights List of arrays to start with.
#' @param backward_layer Another layer for the backward direction, made with `go_backwards = TRUE`.
#' @param ... Common arguments of layers: `name`, `input_shape`, `trainable`, ....
#' @return As `object` says; if the layer returns its states, a list: the output, the states forward, the states backward.
#' @section Input shape: (batch, steps, features)
#' @section Output shape: that of the layer, its last axis twice as long for `"concat"`
#' @section Errors: `keratin_error_argument` if the two layers go in the same direction or differ in what they return.
#' @references Schuster & Paliwal (1997), \doi{10.1109/78.650093}.
#' @examples
#' bidirectional(layer = layer_gru(units = 2))(array(rnorm(12), c(2, 3, 2)))
#' @family recurrent layers
#' @export
bidirectional <- function(object, layer, merge_mode = "concat", weights = NULL, backward_layer = NULL, ...) {
  create_layer(Bidirectional, object, capture_args())
}

Bidirectional <- R6::R6Class("Bidirectional", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = c("keras.layers.rnn.bidirectional.Bidirectional", "keras.layers.rnn.base_wrapper.Wrapper"),
    supports_masking = TRUE,
    forward_layer = NULL, backward_layer = NULL, merge_mode = NULL, template = NULL, own_backward = FALSE, backward_config = NULL,

    initialize = function(layer, merge_mode = "concat", backward_layer = NULL, ...) {
      super$initialize(...)
      layer <- wrapped_layer(layer)
      if (!is.function(unwrap(layer)$call) || is.null(unwrap(layer)$go_backwards))
        abort_argument("`layer` must be a recurrent layer, such as layer_lstm(units = 3). Received: ", received(class(unwrap(layer))[1L]))
      if (!is.null(merge_mode)) merge_mode <- as_choice(merge_mode, c("concat", "sum", "mul", "ave"), "merge_mode")
      self$merge_mode <- merge_mode
      self$own_backward <- !is.null(backward_layer)
      config <- serialize_keras_object(layer)
      if (self$own_backward) {
        backward_layer <- wrapped_layer(backward_layer)
        self$backward_config <- serialize_keras_object(backward_layer)   # under the name it came with
        own <- unwrap(backward_layer)
        own$name <- paste0("backward_", own$name)
      }
      self$template <- function() layer   # behind a function: the layer itself has no weights here
      self$forward_layer <- copy_with(config, "forward_", FALSE, own_classes(layer))
      self$backward_layer <- if (self$own_backward) backward_layer else copy_with(config, "backward_", TRUE, own_classes(layer))
      forward <- unwrap(self$forward_layer)
      backward <- unwrap(self$backward_layer)
      if (identical(forward$go_backwards, backward$go_backwards)) {
        abort_argument("`layer` and `backward_layer` go in the same direction: give one of them `go_backwards = TRUE`")
      }
      for (what in c("stateful", "return_sequences", "return_state"))
        if (!identical(forward[[what]], backward[[what]])) abort_argument("`layer` and `backward_layer` differ in `", what, "`")
      self$stateful <- forward$stateful
    },

    build = function(input_shape) {
      dims <- as_input_dims(input_shape)
      if (is.list(dims)) dims <- dims[[1L]]
      for (layer in list(unwrap(self$forward_layer), unwrap(self$backward_layer))) if (!isTRUE(layer$built)) build_sublayer(layer, dims)
      self$built <- TRUE
    },

    call = function(inputs, mask = NULL, training = NULL, initial_state = NULL, constants = NULL) {
      forward <- unwrap(self$forward_layer)
      backward <- unwrap(self$backward_layer)
      states <- length(forward$count_states())
      parts <- split_rnn_inputs(inputs, initial_state, constants, 2L * states)
      if (is_branch(mask)) mask <- mask[[1L]]
      run <- function(layer, own) {
        more <- c(if (!is.null(mask)) list(mask = mask), if (!is.null(parts$states)) list(initial_state = parts$states[own]),
                  if (!is.null(parts$constants)) list(constants = parts$constants))
        do.call(call_layer, c(list(layer, parts$x, training = training), more))
      }
      y <- run(forward, seq_len(states))
      z <- run(backward, states + seq_len(states))
      found <- NULL
      if (forward$return_state) {
        found <- c(y[-1L], z[-1L])
        y <- y[[1L]]
        z <- z[[1L]]
      }
      if (forward$return_sequences) z <- op_reverse(z, if (forward$time_major) 0L else 1L)
      merged <- self$merge(y, z)
      if (is.null(found)) merged else c(if (is_branch(merged)) merged else list(merged), found)
    },

    merge = function(y, z) {
      if (is.null(self$merge_mode)) return(list(y, z))
      switch(self$merge_mode, concat = op_concat(list(y, z), -1L), sum = op_add(y, z), mul = op_multiply(y, z), ave = op_multiply(op_add(y, z), 0.5))
    },

    count_states = function() c(unwrap(self$forward_layer)$count_states(), unwrap(self$backward_layer)$count_states()),
    reset_states = function() for (layer in list(unwrap(self$forward_layer), unwrap(self$backward_layer))) layer$reset_states(),

    compute_mask = function(inputs, mask = NULL) {
      if (is_branch(mask)) mask <- mask[[1L]]
      forward <- unwrap(self$forward_layer)
      kept <- if (forward$return_sequences) mask
      if (is.null(self$merge_mode)) kept <- list(kept, kept)
      if (forward$return_state) c(if (is_branch(kept)) kept else list(kept), vector("list", length(self$count_states()))) else kept
    },

    get_config = function() {
      c(super$get_config(), list(layer = serialize_keras_object(self$template()), merge_mode = self$merge_mode),
        if (self$own_backward) list(backward_layer = self$backward_config))
    }
  ),
  active = list(layer = function() self$template())
)

wrapped_layer <- function(layer) {
  if (is.list(layer) && !is.null(layer$class_name)) return(deserialize_keras_object(layer))
  if (!is_layer(layer) && !inherits(layer, "Layer")) abort_argument("`layer` must be a layer. Received: ", received(layer))
  layer
}

# A layer of the same config under another name, turned around if asked.
copy_with <- function(serialized, prefix, turn, classes) {
  serialized$config$name <- paste0(prefix, serialized$config$name)
  if (turn) serialized$config$go_backwards <- !isTRUE(serialized$config$go_backwards)
  deserialize_keras_object(serialized, classes)
}
