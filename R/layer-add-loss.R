# Losses and metrics of symbolic tensors: model$add_loss(k_mean(x)) on a functional model puts a layer at the end of the graph that, whenever
# the model runs, adds the value to the model's losses (or metrics).

AddLoss <- R6::R6Class("AddLoss", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.engine.base_layer.AddLoss",
    initialize = function(unconditional = TRUE, ...) super$initialize(...),
    call = function(inputs) {
      self$add_loss(inputs)
      inputs
    },
    get_config = function() c(super$get_config(), list(unconditional = TRUE))
  )
)

AddMetric <- R6::R6Class("AddMetric", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.engine.base_layer.AddMetric",
    aggregation = "mean", metric_name = NULL,
    initialize = function(aggregation = "mean", metric_name = NULL, ...) {
      super$initialize(...)
      self$metric_name <- metric_name
    },
    call = function(inputs) {
      self$add_metric(inputs, name = self$metric_name)
      inputs
    },
    get_config = function() c(super$get_config(), list(aggregation = self$aggregation, metric_name = self$metric_name))
  )
)

layer_add_symbolic_loss <- function(model, losses) {
  for (loss in losses) extend_network(model, AddLoss$new(), loss)
}

# Hangs a layer on a tensor of a functional model.
extend_network <- function(model, layer, x) {
  if (!inherits(model, "Functional") || is.null(model$network_inputs))
    abort_argument(
      "losses and metrics of symbolic tensors can be added to functional models. In a layer or model class, call self$add_loss() within call()")
  if (is.null(layer$instance)) new_instance(layer)
  end <- call_layer(layer, x)
  ends <- c(model$network_ends, list(end))
  network <- map_network(model$network_inputs, c(model$network_outputs, ends))
  check_connected(model, network, model$network_inputs)
  model$network_ends <- ends
  model$network <- network
  if (inherits(model, "Sequential")) model$runs_graph <- TRUE
  model$network_layers <- network$layers
  drop_programs(model)
  invisible(model)
}
