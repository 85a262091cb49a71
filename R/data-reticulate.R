# Scripts written for R keras walk through datasets with reticulate::as_iterator() and reticulate::iter_next(). Where reticulate is
# loaded, these two also take keratin's datasets; for everything else they do what they did.

teach_reticulate <- function(...) {
  namespace <- asNamespace("reticulate")
  ours <- function(x) inherits(x, c("keratin_dataset", "keratin_iterator", "keratin_sequence"))
  replace <- function(name, f) {
    for (env in list(namespace, if ("package:reticulate" %in% search()) as.environment("package:reticulate"))) {
      if (is.null(env) || !exists(name, envir = env, inherits = FALSE)) next
      locked <- bindingIsLocked(name, env)
      if (locked) get("unlockBinding", baseenv())(name, env)
      assign(name, f, envir = env)
      if (locked) lockBinding(name, env)
    }
  }
  if (isTRUE(attr(namespace$as_iterator, "keratin"))) return(invisible())
  its_as_iterator <- namespace$as_iterator
  its_iter_next <- namespace$iter_next
  replace("as_iterator", structure(function(x) if (ours(x)) as_iterator(x) else its_as_iterator(x), keratin = TRUE))
  replace("iter_next", structure(function(it, completed = NULL) if (ours(it)) iter_next(it, completed) else its_iter_next(it, completed), keratin = TRUE))
  invisible()
}
