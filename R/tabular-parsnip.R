# keratin() as an engine of parsnip's mlp(): parsnip asks engines to enter themselves in its table of models.

register_parsnip_engine <- function(...) {
  # An engine that parsnip would not take must not keep keratin from loading.
  tryCatch(enter_parsnip_engine(asNamespace("parsnip")),
           error = function(e) packageStartupMessage("The parsnip engine \"keratin\" was not registered: ", conditionMessage(e)))
  invisible()
}

parsnip_modes <- list(regression = c(numeric = "response", raw = "response"), classification = c(class = "class", prob = "prob", raw = "response"))
# parsnip's name of an argument of mlp(), ours, and the function of package dials that gives its range.
parsnip_arguments <- list(c("hidden_units", "hidden_units", "hidden_units"), c("penalty", "penalty", "penalty"), c("dropout", "dropout", "dropout"),
                          c("epochs", "epochs", "epochs"),
                          c("activation", "activation", "activation"), c("learn_rate", "learning_rate", "learn_rate"))

# `parsnip`: its namespace.
enter_parsnip_engine <- function(parsnip) {
  if ("keratin" %in% parsnip$get_from_env("mlp")$engine) return(invisible())
  for (mode in names(parsnip_modes)) {
    parsnip$set_model_engine("mlp", mode, "keratin")
    parsnip$set_dependency("mlp", eng = "keratin", pkg = "keratin", mode = mode)
  }
  for (argument in parsnip_arguments)
    parsnip$set_model_arg(model = "mlp", eng = "keratin", parsnip = argument[1L], original = argument[2L],
                          func = list(pkg = "dials", fun = argument[3L]), has_submodel = FALSE)
  for (mode in names(parsnip_modes)) {
    parsnip$set_fit(model = "mlp", eng = "keratin", mode = mode,
                    value = list(interface = "data.frame", protect = c("x", "y", "weights"), func = c(pkg = "keratin", fun = "keratin"),
                                 defaults = list()))
    # Factors arrive as they are: keratin() encodes them and keeps their levels.
    parsnip$set_encoding(model = "mlp", eng = "keratin", mode = mode,
                         options = list(predictor_indicators = "none", compute_intercept = FALSE, remove_intercept = FALSE, allow_sparse_x = FALSE))
    for (type in names(parsnip_modes[[mode]])) {
      parsnip$set_pred(model = "mlp", eng = "keratin", mode = mode, type = type,
                       value = list(pre = NULL,
                                    post = if (type != "raw") function(x, object) if (is.matrix(x)) as.data.frame(x, optional = TRUE) else unname(x),
                                    func = c(fun = "predict"),
                                    args = list(object = quote(object$fit), newdata = quote(new_data), type = parsnip_modes[[mode]][[type]])))
    }
  }
  invisible()
}
