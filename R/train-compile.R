# compile(): what a model is trained with. Loss and metrics are resolved when the shapes of the outputs are known, at the first step.

#' @importFrom generics compile
#' @export
generics::compile

#' @importFrom generics fit
#' @export
generics::fit

#' Configure a model for training
#'
#' @param object Model.
#' @param optimizer Name (`"adam"`), or an optimizer such as [optimizer_adam()].
#' @param loss Name (`"mse"`), loss object, or function of `(y_true, y_pred)`; for several outputs a list, by position or by output name.
#' @param metrics Metrics shown during training and testing: names (`"accuracy"`, `"mae"`), metric objects, [custom_metric()] functions; for
#'   several outputs a list named by output.
#' @param loss_weights Factors of the outputs' losses.
#' @param weighted_metrics Metrics that take account of sample and class weights.
#' @param run_eagerly Run each step op by op instead of tracing it once: slower, for debugging with [browser()] and [print()].
#' @param steps_per_execution Ignored: batches always run inside the core.
#' @param ... Arguments of a model class with its own `compile()` method. Otherwise only `jit_compile`, `pss_evaluation_shards` and other settings of
#'   TensorFlow without effect here are taken; an unknown name is an error.
#' @param target_tensors,sample_weight_mode Ignored, for compatibility.
#' @return The model, invisibly.
#' @seealso [fit()], [evaluate()], [predict()]
#' @name compile.keras.engine.training.Model
#' @export
compile.keras.engine.training.Model <- function(object, optimizer = "rmsprop", loss = NULL, metrics = NULL, loss_weights = NULL,
                                                weighted_metrics = NULL, run_eagerly = NULL, steps_per_execution = NULL, ..., target_tensors = NULL,
                                                sample_weight_mode = NULL) {
  if (is.function(loss) && !is_loss(loss) && is.null(attr(loss, "py_function_name", exact = TRUE)))
    attr(loss, "py_function_name") <- paste(deparse(substitute(loss), nlines = 1L), collapse = "")
  model <- unwrap(object)
  if (defines_below_model(model$class_generator, "compile") && is.null(model$runs_own_compile)) {   # super$compile() comes back here
    given <- setdiff(names(match.call(expand.dots = FALSE))[-1L], c("object", "..."))
    model$runs_own_compile <- TRUE
    on.exit(model$runs_own_compile <- NULL)
    do.call(model$compile, c(mget(given, envir = environment()), list(...)))
    return(invisible(object))
  }
  unknown <- setdiff(names(list(...)), c("", compile_settings_without_effect))
  if (length(unknown)) abort_unknown_name("argument of compile()", unknown[[1L]], setdiff(names(formals()), c("object", "...")))
  optimizer <- get_optimizer(optimizer %||% "rmsprop")
  compiled_loss <- new_compiled_loss(loss, loss_weights, model)
  compiled_metrics <- new_compiled_metrics(metrics, weighted_metrics, model)
  model$optimizer <- optimizer
  model$loss <- loss
  model$compiled_loss <- compiled_loss
  model$compiled_metrics <- compiled_metrics
  model$run_eagerly <- isTRUE(run_eagerly)
  model$compiled <- list(optimizer = optimizer, loss = loss, metrics = metrics, loss_weights = loss_weights, weighted_metrics = weighted_metrics)
  model$compiled_trainable <- trainable_state(model)
  drop_programs(model)
  invisible(object)
}

# What trains is settled by compile(), as in Keras: the discriminator of a GAN, compiled, then frozen within the model that trains the
# generator, still trains by itself.
trainable_state <- function(model) {
  layers <- flatten_layers(model)
  list(layers = layers, trainable = own_trainable(layers))
}
own_trainable <- function(layers) vapply(layers, function(layer) layer$own_trainable, NA)

with_compiled_trainable <- function(model, expr) {
  compiled <- model$compiled_trainable
  now <- own_trainable(compiled$layers)
  changed <- which(now != compiled$trainable)
  if (!length(changed)) return(expr)
  set <- function(trainable) {
    for (i in changed) compiled$layers[[i]]$own_trainable <- trainable[[i]]
    structure_changed()
  }
  on.exit(set(now))
  set(compiled$trainable)
  expr
}

compile_settings_without_effect <- c("jit_compile", "pss_evaluation_shards", "auto_scale_loss", "distribute", "from_serialized")

# evaluate() and predict() of R keras take any further argument and leave it unused.
warn_of_unused <- function(what, ...) {
  unused <- setdiff(names(list(...)), c("", "max_queue_size", "workers", "use_multiprocessing"))
  if (length(unused)) warning(what, " has no argument ", quoted_names(unused), ": unused", call. = FALSE)
}

# What save and get_compile_config() need.
compile_config <- function(model) {
  model <- unwrap(model)
  compiled <- model$compiled
  if (is.null(compiled)) return(NULL)
  list(loss = serialize_loss(compiled$loss), metrics = serialize_metric(compiled$metrics), loss_weights = compiled$loss_weights,
       weighted_metrics = serialize_metric(compiled$weighted_metrics), optimizer_config = serialize_optimizer(model$optimizer))
}

check_compiled <- function(model) {
  if (is.null(model$optimizer))
    abort_argument("the model \"", model$name, "\" must be compiled before it is trained or tested: compile(model, optimizer = , loss = )")
}

# Names of the outputs; "output_1", ... where the model has none.
output_names_of <- function(model, n) {
  names <- tryCatch(model$output_names, error = function(e) NULL)
  if (length(names) != n) return(paste0("output_", seq_len(n)))
  keys <- if (is_branch_list(model$output_structure)) names(model$output_structure)
  if (length(keys) == n) structure(names, names = keys) else names
}

# Of a model with outputs = list(a = , b = ), losses and targets are named by `a` and `b` or, as those of any model, by the outputs' layers.
layer_names_of <- function(given, names) {
  if (!is.null(names(names)) && all(given %in% names(names))) unname(names[given]) else given
}

# A specification per output (by name, by position, or one for all) as a plain list of length n.
per_output <- function(spec, n, names, what, broadcast = FALSE) {
  if (is.null(spec)) return(vector("list", n))
  is_single <- !is.list(spec) || is_loss(spec) || is_metric(spec)
  if (is_single && broadcast) return(rep(list(spec), n))
  if (is_single) spec <- if (length(spec) == n) as.list(spec) else list(spec)
  if (!is.null(names(spec)) && all(nzchar(names(spec)))) {
    names(spec) <- layer_names_of(names(spec), names)
    unknown <- setdiff(names(spec), names)
    if (length(unknown)) abort_argument("`", what, "` names an unknown output ", quoted_names(unknown), ". The outputs are: ", quoted_names(names))
    return(lapply(unname(names), function(name) spec[[name]]))
  }
  if (length(spec) != n) {
    abort_argument("`", what, "` has ", length(spec), " entries for ", n, " output", if (n != 1L) "s", " (", paste(names, collapse = ", "), ")")
  }
  unname(spec)
}
