# Pooling, padding and resizing of tensors and R arrays.

#' Pooling of tensors
#'
#' @param x Tensor or array: (batch, rows, columns, channels) or (batch, depth, rows, columns, channels); the channels come second for
#'   `data_format = "channels_first"`.
#' @param pool_size,strides One whole number or one for each axis.
#' @param padding `"valid"` or `"same"`.
#' @param data_format `"channels_last"` or `"channels_first"`; `NULL`: `k_image_data_format()`.
#' @param pool_mode `"max"` or `"avg"`.
#' @return A tensor.
#' @section Errors: `keratin_error_argument` for arguments out of range, `keratin_error_shape` for a window that does not fit.
#' @seealso [layer_max_pooling_2d()], [layer_average_pooling_2d()]
#' @examples
#' k_pool2d(array(1:16, c(1, 4, 4, 1)), pool_size = c(2, 2), strides = c(2, 2), pool_mode = "avg")
#' @export
k_pool2d <- function(x, pool_size, strides = c(1, 1), padding = "valid", data_format = NULL, pool_mode = "max")
  pool_windows(x, pool_size, strides, padding, data_format, pool_mode, 2L)

#' @rdname k_pool2d
#' @export
k_pool3d <- function(x, pool_size, strides = c(1, 1, 1), padding = "valid", data_format = NULL, pool_mode = "max")
  pool_windows(x, pool_size, strides, padding, data_format, pool_mode, 3L)

pool_windows <- function(x, pool_size, strides, padding, data_format, pool_mode, rank) {
  data_format <- as_data_format(data_format)
  padding <- as_choice(padding, c("valid", "same"), "padding")
  pool <- if (as_choice(pool_mode, c("max", "avg"), "pool_mode") == "max") op_max_pool else op_average_pool
  pool_size <- as_sizes(pool_size, rank, "pool_size")
  inputs <- as_operand(x)
  x <- channels_to_last(inputs, data_format)
  check_rank(x, rank + 2L, "x")
  if (padding == "valid") check_window(tensor_shape(x), pool_size, received = tensor_shape(inputs))
  channels_back(pool(x, pool_size, as_sizes(strides, rank, "strides"), padding), data_format)
}

#' Padding of tensors with zeros
#'
#' @param x Tensor or array: (batch, steps, channels), (batch, rows, columns, channels) or (batch, depth, rows, columns, channels).
#' @param padding Zeros before and after: c(before, after) for steps, a list of such pairs for the axes of images and volumes.
#' @param data_format `"channels_last"` or `"channels_first"`; `NULL`: `k_image_data_format()`.
#' @return A tensor.
#' @section Errors: `keratin_error_argument` for paddings out of range.
#' @seealso [layer_zero_padding_2d()]
#' @examples
#' k_temporal_padding(array(1:3, c(1, 3, 1)), padding = c(1, 2))
#' @name k_spatial_2d_padding
NULL

#' @rdname k_spatial_2d_padding
#' @export
k_temporal_padding <- function(x, padding = c(1, 1)) pad_axes(x, padding, "channels_last", 1L)

#' @rdname k_spatial_2d_padding
#' @export
k_spatial_2d_padding <- function(x, padding = list(list(1, 1), list(1, 1)), data_format = NULL) pad_axes(x, padding, data_format, 2L)

#' @rdname k_spatial_2d_padding
#' @export
k_spatial_3d_padding <- function(x, padding = list(list(1, 1), list(1, 1), list(1, 1)), data_format = NULL) pad_axes(x, padding, data_format, 3L)

pad_axes <- function(x, padding, data_format, rank) {
  margins <- as_margins(padding, rank, "padding")
  if (!is_tensor(x)) x <- as_operand(x)
  check_rank(x, rank + 2L, "x")
  op_pad(x, unlist(margins_of_all_axes(margins, as_data_format(data_format))))
}

#' Resizing of images and volumes by whole factors
#'
#' Repeats rows and columns (and planes).
#'
#' @param x Tensor or array: (batch, rows, columns, channels) or (batch, depth, rows, columns, channels); the channels come second for
#'   `data_format = "channels_first"`.
#' @param height_factor,width_factor,depth_factor How many times each row, column, plane is repeated.
#' @param data_format `"channels_last"` or `"channels_first"`.
#' @return A tensor.
#' @section Errors: `keratin_error_argument` for factors that are not whole numbers > 0.
#' @seealso [layer_upsampling_2d()], which also interpolates.
#' @examples
#' k_resize_images(array(1:4, c(1, 2, 2, 1)), 2, 3, "channels_last")
#' @name k_resize_images
NULL

#' @rdname k_resize_images
#' @export
k_resize_images <- function(x, height_factor, width_factor, data_format)
  repeat_elements_of(x, c(as_count(height_factor, "height_factor"), as_count(width_factor, "width_factor")), data_format)

#' @rdname k_resize_images
#' @export
k_resize_volumes <- function(x, depth_factor, height_factor, width_factor, data_format)
  repeat_elements_of(x, c(as_count(depth_factor, "depth_factor"), as_count(height_factor, "height_factor"), as_count(width_factor, "width_factor")),
                     data_format)

repeat_elements_of <- function(x, factors, data_format) {
  data_format <- as_data_format(data_format)
  if (!is_tensor(x)) x <- as_operand(x)
  check_rank(x, length(factors) + 2L, "x")
  channels_back(op_upsample(channels_to_last(x, data_format), factors), data_format)
}
