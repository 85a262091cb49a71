# Scripts written for R keras walk through datasets with reticulate::as_iterator() and reticulate::iter_next(), which are no generics. Where
# reticulate is loaded, both also take keratin's datasets and iterators; for everything else they do what they did.
# options(keratin.reticulate = FALSE) before keratin is loaded leaves reticulate as it is.

teach_reticulate <- function(...) {
  namespace <- asNamespace("reticulate")
  if (isFALSE(getOption("keratin.reticulate")) || isTRUE(attr(namespace$as_iterator, "keratin"))) return(invisible())
  ours <- function(x) inherits(x, c("keratin_dataset", "keratin_iterator", "keratin_sequence"))
  its_as_iterator <- namespace$as_iterator
  its_iter_next <- namespace$iter_next
  replace_function(namespace, "as_iterator", function(x) if (ours(x)) as_iterator(x) else its_as_iterator(x))
  replace_function(namespace, "iter_next", function(it, completed = NULL) if (ours(it)) iter_next(it, completed) else its_iter_next(it, completed))
}

# In the namespace and, if it is attached, on the search path.
replace_function <- function(namespace, name, f) {
  attached <- paste0("package:", getNamespaceName(namespace))
  for (place in c(list(namespace), if (attached %in% search()) list(as.environment(attached)))) {
    locked <- bindingIsLocked(name, place)
    if (locked) unlockBinding(name, place)
    assign(name, structure(f, keratin = TRUE), envir = place)
    if (locked) lockBinding(name, place)
  }
}
