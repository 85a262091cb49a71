# Models. A model is a layer that can be trained; what training does lives in the train room, the methods here forward to it.

Model <- R6::R6Class("Model", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.engine.training.Model",
    keras_module = "keras",
    # state of compile() and fit()
    optimizer = NULL,
    loss = NULL,
    compiled = NULL,
    compiled_trainable = NULL,
    compiled_loss = NULL,
    compiled_metrics = NULL,
    history = NULL,
    stop_training = FALSE,
    # graph of functional and sequential models
    network_layers = NULL,
    network = NULL,
    network_inputs = NULL,
    network_outputs = NULL,
    input_structure = NULL,
    output_structure = NULL,
    network_ends = NULL,      # of losses and metrics added to the graph
    runs_graph = FALSE,       # a sequential model that no longer is one

    initialize = function(...) init_model(self, ...),
    build = function(input_shape) build_model(self, input_shape),
    call = function(inputs, training = NULL, mask = NULL) abort_argument("model \"", self$name, "\" has no call() method"),

    compile = function(...) compile(self$instance, ...),
    fit = function(...) fit(self$instance, ...),
    evaluate = function(...) evaluate(self$instance, ...),
    predict = function(...) predict(self$instance, ...),
    train_step = function(data) default_train_step(self, data),
    test_step = function(data) default_test_step(self, data),
    predict_step = function(data) default_predict_step(self, data),
    compute_loss = function(x = NULL, y = NULL, y_pred = NULL, sample_weight = NULL) default_compute_loss(self, x, y, y_pred, sample_weight),
    compute_metrics = function(x, y, y_pred, sample_weight) default_compute_metrics(self, x, y, y_pred, sample_weight),
    train_on_batch = function(...) train_on_batch(self$instance, ...),
    test_on_batch = function(...) test_on_batch(self$instance, ...),
    predict_on_batch = function(...) predict_on_batch(self$instance, ...),
    reset_states = function() reset_states(self$instance),
    reset_metrics = function() for (metric in self$metrics) metric$reset_state(),
    save = function(filepath, ...) save_model_tf(self$instance, filepath, ...),
    save_weights = function(filepath, ...) save_model_weights_hdf5(self$instance, filepath, ...),
    load_weights = function(filepath, ...) load_model_weights_hdf5(self$instance, filepath, ...),
    summary = function(...) summary(self$instance, ...),
    to_json = function() model_to_json(self$instance),
    get_layer = function(name = NULL, index = NULL) get_layer(self$instance, name = name, index = if (!is.null(index)) index + 1L),
    get_config = function() list(name = self$name, trainable = self$own_trainable)
  ),
  active = list(
    layers = function(value) {
      if (!missing(value)) {   # model$layers[[1]]$trainable <- FALSE assigns the same layers
        if (!is.list(value) || !identical(unname(lapply(value, function(layer) if (is_layer(layer)) unwrap(layer))), unname(model_layers(self))))
          abort_argument("`layers` of a model cannot be assigned: make a new model of them, keras_model_sequential(layers)")
        return(invisible())
      }
      lapply(model_layers(self), function(layer) layer$instance)
    },
    metrics = function() model_metrics(self),
    metrics_names = function() model_metrics_names(self),
    state_updates = function() list()
  )
)

# A user's class given inputs and outputs, by position or by name, is a functional model with its methods.
init_model <- function(model, ..., name = NULL, trainable = NULL) {
  given <- list(...)
  if (is_graph_ends(given)) return(become_functional(model, given, name, trainable))
  if (length(given) == 1L && is.null(names(given)) && is.character(given[[1L]]) && is.null(name)) {
    return(init_layer(model, name = given[[1L]], trainable = trainable))
  }
  init_layer(model, name = name, trainable = trainable, ...)
}
is_graph_ends <- function(given) {
  length(given) == 2L && (is.null(names(given)) || all(names(given) %in% c("inputs", "outputs", ""))) &&
    all(vapply(given, function(x) length(nest_flatten(x)) > 0L && all(vapply(nest_flatten(x), is_keras_tensor, NA)), NA))
}

is_model <- function(x) inherits(x, "keras.engine.training.Model")

# The layers as a user sees them: a sequential model's input layer is not among them.
model_layers <- function(model) {
  if (is.null(model$network_layers)) return(sublayers(model))
  if (inherits(model, "Sequential")) Filter(function(layer) !inherits(layer, "InputLayer"), model$network_layers) else model$network_layers
}

# Weights of a model whose class only says call() come into being when it is called: on a stand-in here.
build_model <- function(model, input_shape) {
  if (layer_state$depth > 0L || isTRUE(model$built)) {
    model$built <- TRUE
    return(invisible())
  }
  dims <- as_input_dims(input_shape)
  build_model_for(model, nest_types(dims, model$dtype))
}

# `types`: list(dtype =, shape =) for each input, nested as the model takes them.
build_model_for <- function(model, types) {
  model <- unwrap(model)
  if (isTRUE(model$built)) return(invisible(model))
  stand_in <- function(type)
    if (identical(names(type), c("dtype", "shape"))) new_keras_tensor(type$dtype, unknown_batch(as_dims(type$shape))) else lapply(type, stand_in)
  infer_call(model, list(stand_in(types)))
  model$built <- TRUE
  invisible(model)
}
unknown_batch <- function(dims) { if (length(dims)) dims[1L] <- NA_integer_; dims }
nest_types <- function(dims, dtype) if (is.list(dims)) lapply(dims, nest_types, dtype = dtype) else list(dtype = dtype, shape = dims)
