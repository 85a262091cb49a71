#' keratin: R keras without Python
#'
#' The functions, arguments, printed output and files of R keras 2.15 on a compiled C++ core that installs with the package.
#' A script that begins with `library(keras)` runs after changing that one word.
#'
#' @section Options:
#' * `keratin.threads`: number of threads (default: the machine's cores, at most `OMP_THREAD_LIMIT`). Results do not depend on it.
#' * `keratin.isa`: instruction set of the kernels: `"scalar"`, `"avx2"`, `"avx512"` or `"neon"` (default: the best the CPU has).
#' * `keratin.reticulate`: `FALSE`, set before keratin is loaded, leaves `reticulate::as_iterator()` and `reticulate::iter_next()` as they are. By
#'   default both also take keratin's datasets, where reticulate is loaded.
#' * `keratin.safe_mode`: `FALSE` restores the R functions that model files hold; default `TRUE`.
#'
#' @useDynLib keratin, .registration = TRUE
#' @importFrom Rcpp evalCpp
#' @importFrom R6 R6Class
#' @importFrom grDevices as.raster
#' @importFrom stats predict setNames
#' @importFrom utils head tail
#' @name keratin-package
#' @docType package
NULL

.onLoad <- function(libname, pkgname) {
  connect_random_numbers()
  connect_interrupts()
  threads <- getOption("keratin.threads")
  if (!is.null(threads)) threads_set(as.integer(threads))
  isa <- getOption("keratin.isa")
  if (!is.null(isa)) isa_set(isa)
  if (getRversion() >= "4.3.0") registerS3method("matrixOps", "tensorflow.tensor", matrix_product, envir = baseenv())
  if (isNamespaceLoaded("reticulate")) teach_reticulate() else setHook(packageEvent("reticulate", "onLoad"), teach_reticulate)
  if (isNamespaceLoaded("parsnip")) register_parsnip_engine() else setHook(packageEvent("parsnip", "onLoad"), register_parsnip_engine)
}
