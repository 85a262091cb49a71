# The object `tf`: modules of functions, each a table in its R/tf-*.R file.

# `members`: functions (which get TensorFlow's `name`, and do nothing with it), values and further modules.
tf_module <- function(path, members) {
  module <- list2env(lapply(members, takes_name), parent = emptyenv())
  attr(module, "path") <- path
  structure(module, class = "keratin_tf")
}
takes_name <- function(f) {
  if (!is.function(f) || is.primitive(f) || is.object(f) || any(c("name", "...") %in% names(formals(f)))) return(f)
  formals(f) <- c(formals(f), alist(name = NULL))
  f
}

#' The TensorFlow functions that R keras scripts call
#'
#' `tf$GradientTape()`, `tf$constant()`, `tf$reduce_mean()`, `tf$float32` and others under the names scripts use, so that custom training
#' loops run as written. Arguments have TensorFlow's names and order; axes and positions count from 0, as in TensorFlow (in R's own `x[1, ]` and in
#' `k_*` functions they count from 1). A member that does not exist is an error that names the nearest known one; an argument that has
#' no effect here is only taken with its default value. Devices, names of operations and settings of the graph are taken and do nothing.
#'
#' R numbers become tensors of the floating type of [k_floatx()] (also matrices, which TensorFlow in R took as float64), integers `int32`,
#' `TRUE` and `FALSE` `bool`, text `string`.
#'
#' From R 4.3 on `x %*% y` is `tf$matmul(x, y)`; older versions of R do not ask tensors what it means.
#'
#' @section Members:
#' Making tensors: `constant`, `Variable`, `convert_to_tensor`, `zeros`, `ones`, `fill`, `zeros_like`, `ones_like`, `eye`, `range`, `linspace`,
#' `one_hot`, `sequence_mask`, `meshgrid`; dtypes `float32`, `float64`, `int32`, `int64`, `bool`, `string`; `TensorShape`, `TensorSpec`, `is_tensor`;
#' `newaxis` for `x[, tf$newaxis]`.
#'
#' Shapes and elements: `cast`, `identity`, `stop_gradient`, `shape`, `size`, `rank`, `reshape`, `ensure_shape`, `broadcast_to`, `expand_dims`,
#' `squeeze`, `transpose`, `concat`, `stack`, `unstack`, `split`, `tile`, `pad`, `gather`, `gather_nd`, `slice`, `strided_slice`, `reverse`, `repeat`,
#' `roll`, `where`,
#' `boolean_mask`, `sort`, `argsort`, `unique`, `scatter_nd`, `tensor_scatter_nd_add`, `tensor_scatter_nd_update`, `clip_by_value`, `clip_by_norm`,
#' `clip_by_global_norm`.
#'
#' Arithmetic, in `tf$math` and mostly also in `tf`: `abs`, `add`, `add_n`, `argmax`, `argmin`, `bincount`, `ceil`, `confusion_matrix`, `cos`,
#' `count_nonzero`, `cumprod`, `cumsum`, `divide`, `divide_no_nan`, `equal`, `erf`, `exp`, `floor`, `greater`, `is_finite`, `is_inf`, `is_nan`,
#' `l2_normalize`, `less`, `log`, `log1p`, `logical_and`, `maximum`,
#' `minimum`, `multiply`, `negative`, `pow`, `reciprocal`, `reduce_all`, `reduce_any`, `reduce_logsumexp`, `reduce_max`, `reduce_mean`, `reduce_min`,
#' `reduce_prod`, `reduce_std`, `reduce_sum`, `reduce_variance`, `round`, `rsqrt`, `segment_sum`, `sigmoid`, `sign`, `sin`, `softplus`, `sqrt`,
#' `square`, `squared_difference`, `subtract`, `tan`, `tanh`,
#' `top_k`, `unsorted_segment_sum`, `xlogy` and their kin.
#'
#' `tf$linalg`: `matmul`, `matvec`, `eye`, `norm`, `global_norm`, `diag`, `diag_part`, `band_part`, `trace`, `matrix_transpose`, `l2_normalize`,
#' `einsum`, `tensordot`.
#'
#' `tf$nn`: activations, `conv1d` to `conv3d` and their `_transpose`, `depthwise_conv2d`, `separable_conv2d`, `max_pool`, `avg_pool` and their
#' variants, `bias_add`, `dropout`, `embedding_lookup`, `moments`, `batch_normalization`, `softmax_cross_entropy_with_logits`,
#' `sparse_softmax_cross_entropy_with_logits`, `sigmoid_cross_entropy_with_logits`, `weighted_cross_entropy_with_logits`, `l2_loss`, `top_k`,
#' `in_top_k`, `zero_fraction`, `compute_average_loss`.
#'
#' `tf$random`: `normal`, `uniform`, `truncated_normal`, `categorical`, `shuffle`, `set_seed`, `stateless_normal`, `stateless_uniform`.
#'
#' `tf$image`: `resize`, flips (also random), `rot90`, crops and pads, `adjust_*`, `random_*`, `rgb_to_grayscale`, `grayscale_to_rgb`, `rgb_to_hsv`,
#' `hsv_to_rgb`, `per_image_standardization`, `total_variation`, `psnr`.
#'
#' Initializers: `random_normal_initializer`, `random_uniform_initializer`, `zeros_initializer`, `ones_initializer`, `constant_initializer`.
#'
#' Control: `GradientTape` (with `watch`, `gradient`, `jacobian`, `batch_jacobian`, `stop_recording`, `reset`), `function`, `cond`, `case`,
#' `while_loop`, `map_fn`, `vectorized_map`, `foldl`, `foldr`, `scan`, `group`, `print`, `debugging$assert_*`, `control_dependencies`, `name_scope`,
#' `device`, `distribute$MirroredStrategy`.
#'
#' `tf$nest`: `flatten`, `pack_sequence_as`, `map_structure`.
#'
#' `tf$data$Dataset`: `from_tensor_slices`, `from_tensors`, `from_generator`, `range`, `zip`; the datasets have `map`, `batch`, `shuffle`, `repeat`,
#' `filter`, ... (see [tensor_slices_dataset()]). `tf$strings`: functions of text. `tf$config`, `tf$test`, `tf$version`. `tf$keras`: see [keras].
#'
#' `ls(tf)` and `ls(tf$math)` list all of them.
#'
#' @format An object whose members are reached with `$`.
#' @examples
#' x <- tf$constant(3)
#' with(tf$GradientTape() %as% tape, {
#'   tape$watch(x)
#'   y <- x * x
#' })
#' tape$gradient(y, x)
#' tf$reduce_sum(tf$constant(matrix(1:6, 2)), axis = 0L)
#' @export
tf <- local({
  dtypes <- setNames(lapply(c("float32", "float64", "int32", "int64", "bool", "string"), dtype_object),
                     c("float32", "float64", "int32", "int64", "bool", "string"))
  module <- function(name, members) tf_module(paste0("tf$", name), members)
  dataset <- module("data$Dataset", tf_dataset)
  tf_module("tf", c(
    dtypes, tf_arrays[names(tf_arrays) != "global_norm"], tf_elementwise, tf_reductions, tf_along_axis, tf_control,
    tf_linalg[c("matmul", "eye", "norm", "einsum", "tensordot")],
    list(
      GradientTape = new_tape,
      random_normal_initializer = function(mean = 0, stddev = 0.05, seed = NULL) initializer_random_normal(mean, stddev, seed),
      random_uniform_initializer = function(minval = -0.05, maxval = 0.05, seed = NULL) initializer_random_uniform(minval, maxval, seed),
      zeros_initializer = function() initializer_zeros(), ones_initializer = function() initializer_ones(),
      constant_initializer = function(value = 0) initializer_constant(value),
      TensorShape = function(dims) tensor_shape_object(as_dims_or_unknown(dims)),
      TensorSpec = function(shape, dtype = "float32")
        structure(list(shape = tensor_shape_object(as_dims_or_unknown(shape)), dtype = dtype_object(dtype_name(dtype))), class = "keratin_spec"),
      nest = module("nest", list(
        flatten = function(structure, expand_composites = FALSE) nest_flatten(structure),
        pack_sequence_as = function(structure, flat_sequence, expand_composites = FALSE) nest_pack(structure, flat_sequence),
        map_structure = function(func, structure, ...)
          nest_pack(structure, do.call(Map, c(list(func), lapply(list(structure, ...), nest_flatten)))))),
      math = module("math", tf_math), linalg = module("linalg", tf_linalg), nn = module("nn", tf_nn), random = module("random", tf_random),
      image = module("image", tf_image), strings = module("strings", tf_strings), debugging = module("debugging", tf_debugging),
      data = module("data", list(Dataset = dataset, AUTOTUNE = -1L, experimental = module("data$experimental", list(AUTOTUNE = -1L)))),
      config = module("config", c(tf_config, list(experimental = module("config$experimental", tf_config_experimental)))),
      distribute = module("distribute", list(MirroredStrategy = tf_strategy, OneDeviceStrategy = tf_strategy, get_strategy = tf_strategy)),
      test = module("test", list(is_gpu_available = function(...) FALSE, is_built_with_cuda = function() FALSE)),
      version = module("version", list(VERSION = "2.15.1")), `__version__` = "2.15.1",
      newaxis = NULL, keras = keras)))
})

as_dims_or_unknown <- function(dims) if (is.null(dims)) NULL else as.integer(sizes_of(dims))

#' @export
`$.keratin_tf` <- function(x, name) {
  found <- .subset2(x, name)
  if (is.null(found) && !exists(name, envir = x, inherits = FALSE))
    abort_argument("keratin's `", attr(x, "path"), "` has no member `", name, "`.", tf_suggestion(x, name))
  found
}
#' @export
`[[.keratin_tf` <- function(x, i) do.call(`$`, list(x, i))
#' @export
`$<-.keratin_tf` <- function(x, name, value) abort_argument("the members of `", attr(x, "path"), "` cannot be changed. Received: a value for `",
                                                            name, "`")

# The same name in another module, or the most similar one.
tf_suggestion <- function(x, name) {
  known <- tf_paths(tf)
  last <- sub(".*\\$", "", known)
  same <- known[last == name]
  here <- setdiff(ls(x), "__version__")
  near <- here[which.min(utils::adist(name, here, ignore.case = TRUE, partial = FALSE) / pmax(nchar(here), nchar(name)))]
  if (length(same)) paste0(" There is ", same[1L], ".") else paste0(" The nearest is `", near, "`.")
}
tf_paths <- function(module) unlist(lapply(ls(module), function(name) {
  member <- get(name, envir = module)
  if (inherits(member, "keratin_tf")) tf_paths(member) else paste0(attr(module, "path"), "$", name)
}))

#' @export
print.keratin_tf <- function(x, ...) {
  cat("<", attr(x, "path"), ": ", paste(sort(ls(x)), collapse = ", "), ">\n", sep = "")
  invisible(x)
}
#' @exportS3Method utils::.DollarNames
.DollarNames.keratin_tf <- function(x, pattern = "") grep(pattern, ls(x), value = TRUE)

#' Name the object that `with()` opens
#'
#' @param object An object that `with()` can open, such as `tf$GradientTape()`.
#' @param name The name under which the expression (and the code after it) sees it.
#' @return `object`, marked with the name.
#' @examples
#' v <- k_variable(2)
#' with(tf$GradientTape() %as% tape, y <- v * v)
#' tape$gradient(y, v)
#' @export
`%as%` <- function(object, name) {
  attr(object, "as") <- as.character(substitute(name))
  object
}
