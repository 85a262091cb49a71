# The base of all layers. A layer is an R6 object behind a callable instance (layer-instance.R); calling it goes through
# call_layer() (layer-call.R); its weights are bookkept in layer-weights.R. Layers of the package and of users extend BaseLayer alike.

BaseLayer <- R6::R6Class("Layer", cloneable = FALSE, lock_objects = FALSE,
  public = list(
    name = NULL,
    dtype = NULL,
    built = FALSE,
    stateful = FALSE,
    supports_masking = FALSE,
    input_spec = NULL,             # see input_spec()
    activity_regularizer = NULL,
    instance = NULL,               # the callable
    inbound_nodes = NULL,          # one per symbolic call
    keras_class = character(),     # S3 classes before the base layer's
    keras_module = "keras.layers", # where configs say the class lives
    batch_input_shape = NULL,
    input_dims = NULL,             # shape built for
    own_trainable = TRUE,          # the layer's own switch, before that of its weights
    own_weights = NULL,            # variables from add_weight(), in order
    call_losses = NULL,            # added during the latest call,
    losses_of_call = NULL,         # the number of that call
    holds_losses = FALSE,          # whether it or a layer in it added some when it was called last
    weight_losses = NULL,          # functions without arguments: regularizers of weights
    own_metrics = NULL,
    initial_weights = NULL,
    call_takes = NULL,             # names of the arguments of call()
    class_generator = NULL,        # of users' classes

    initialize = function(...) init_layer(self, ...),

    # ---- what a layer is: to be overridden
    build = function(input_shape) {
      self$built <- TRUE
      invisible()
    },
    call = function(inputs, ...) inputs,
    compute_mask = function(inputs, mask = NULL) if (isTRUE(self$supports_masking)) mask,
    compute_output_shape = function(input_shape) infer_output_shape(self, input_shape),
    get_config = function() layer_config(self),

    # ---- weights and losses
    add_weight = function(name = NULL, shape = NULL, dtype = NULL, initializer = NULL, regularizer = NULL, trainable = NULL, constraint = NULL, ...)
      layer_add_weight(self, name, shape, dtype, initializer, regularizer, trainable, constraint),
    add_loss = function(losses, ...) layer_add_loss(self, losses),
    add_metric = function(value, name = NULL, ...) layer_add_metric(self, value, name),
    get_weights = function() lapply(self$weights, as.array),
    set_weights = function(weights) layer_set_weights(self, weights),
    count_params = function() layer_count_params(self),

    # ---- the functional graph; nodes count from 0 here, from 1 in get_input_at() and its kin
    get_input_at = function(node_index) node_tensors(self, node_index, "inputs"),
    get_output_at = function(node_index) node_tensors(self, node_index, "outputs"),
    get_input_shape_at = function(node_index) node_shapes(self, node_index, "inputs"),
    get_output_shape_at = function(node_index) node_shapes(self, node_index, "outputs"),
    get_input_mask_at = function(node_index) nest_map(node_tensors(self, node_index, "inputs"), get_mask),
    get_output_mask_at = function(node_index) nest_map(node_tensors(self, node_index, "outputs"), get_mask)
  ),
  active = list(
    trainable = function(value) if (missing(value)) self$own_trainable else set_trainable(self, value),
    weights = function() layer_weights(self),
    variables = function() layer_weights(self),
    trainable_weights = function() layer_trainable_weights(self),
    trainable_variables = function() layer_trainable_weights(self),
    non_trainable_weights = function() layer_non_trainable_weights(self),
    non_trainable_variables = function() layer_non_trainable_weights(self),
    losses = function() layer_losses(self),
    metrics = function() layer_metrics(self),
    input = function() only_node_tensors(self, "inputs"),
    output = function() only_node_tensors(self, "outputs"),
    input_shape = function() only_node_shapes(self, "inputs"),
    output_shape = function() only_node_shapes(self, "outputs"),
    compute_dtype = function() self$dtype,
    variable_dtype = function() self$dtype
  )
)

# The arguments every layer takes, after its own.
init_layer <- function(layer, name = NULL, trainable = NULL, dtype = NULL, activity_regularizer = NULL, input_shape = NULL, batch_input_shape = NULL,
                       batch_size = NULL, weights = NULL, input_dim = NULL, input_length = NULL, autocast = NULL, dynamic = NULL, ...) {
  unknown <- list(...)
  if (length(unknown)) abort_argument(class(layer)[1L], ": unknown argument ", paste0("`", names(unknown), "`", collapse = ", "))
  if (!is.null(name) && !(is.character(name) && length(name) == 1L && !is.na(name) && nzchar(name)))
    abort_argument("`name` must be one string. Received: name = ", received(name))
  layer$name <- if (is.null(name)) unique_name(snake_case(class(layer)[1L])) else name
  layer$dtype <- as_dtype(dtype)
  if (!is.null(trainable)) layer$own_trainable <- as_flag(trainable, "trainable")
  if (!is.null(activity_regularizer)) layer$activity_regularizer <- get_regularizer(activity_regularizer)
  layer$batch_input_shape <- batch_dims(input_shape, batch_input_shape, batch_size, input_dim, input_length)
  layer$initial_weights <- weights
  invisible(layer)
}

# batch_input_shape from its parts; NULL where nothing was said.
batch_dims <- function(input_shape = NULL, batch_input_shape = NULL, batch_size = NULL, input_dim = NULL, input_length = NULL) {
  if (!is.null(batch_input_shape)) return(as_dims(batch_input_shape, "batch_input_shape"))
  if (is.null(input_shape) && !is.null(input_dim)) input_shape <- c(if (!is.null(input_length)) input_length, input_dim)
  if (is.null(input_shape)) return(NULL)
  batch <- if (is.null(batch_size)) NA_integer_ else as_count(batch_size, "batch_size")
  c(batch, as_dims(input_shape, "input_shape"))
}

# Layers made by a user's class whose initialize() did not call super$initialize().
ensure_initialized <- function(layer, ...) {
  if (is.null(layer$name)) init_layer(layer, ...)
  layer
}

layer_config <- function(layer) {
  config <- list(name = layer$name, trainable = layer$own_trainable, dtype = layer$dtype)
  if (!is.null(layer$batch_input_shape)) config$batch_input_shape <- shape_as_list(layer$batch_input_shape)
  config
}

# ---- what a layer takes

# Rules on the input's shape: rank, least and greatest rank, sizes of some axes (names count from 0 or, negative, from the end).
input_spec <- function(ndim = NULL, min_ndim = NULL, max_ndim = NULL, axes = NULL, dtype = NULL)
  list(ndim = ndim, min_ndim = min_ndim, max_ndim = max_ndim, axes = axes, dtype = dtype)

# `what` says in the layer's terms what it takes; `mend` how to get there.
check_input_spec <- function(layer, dims) {
  spec <- layer$input_spec
  if (is.null(spec)) return(invisible())
  rank <- length(dims)
  wrong_rank <- (!is.null(spec$ndim) && rank != spec$ndim) || (!is.null(spec$min_ndim) && rank < spec$min_ndim) ||
    (!is.null(spec$max_ndim) && rank > spec$max_ndim)
  if (wrong_rank) {
    wanted <- if (!is.null(spec$ndim)) paste(
      "an input of rank", spec$ndim) else if (!is.null(spec$min_ndim)) paste("an input of rank", spec$min_ndim, "or more") else
      paste("an input of rank", spec$max_ndim, "or less")
    takes <- if (is.function(layer$takes)) layer$takes(rank)
    abort_shape("the input has shape ", format_shape(dims), ", ", if (is.null(takes)) paste("the layer takes", wanted) else takes)
  }
  for (axis in names(spec$axes)) {
    position <- as.integer(axis)
    if (position < 0L) position <- position + rank
    size <- dims[position + 1L]
    if (!is.na(size) && size != spec$axes[[axis]])
      abort_shape("the input has shape ", format_shape(dims), ", the layer was built for ", spec$axes[[axis]], " channels (axis ", position + 1L, ")")
  }
  invisible()
}

# Output shape by running call() on a stand-in of that shape.
infer_output_shape <- function(layer, input_shape) {
  dims <- as_input_dims(input_shape)
  stand_in <- function(dims) new_keras_tensor(layer$dtype, dims)
  inputs <- if (is.list(dims)) lapply(dims, stand_in) else stand_in(dims)
  outputs <- infer_call(layer, list(inputs))$outputs
  nest_map(outputs, function(type) shape_as_list(type$dims))
}
