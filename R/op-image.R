# Pixel (y, x) of the result is read at the image's ((t1 x + t2 y + t3) / k, (t4 x + t5 y + t6) / k), k = t7 x + t8 y + 1.
op_image_transform <- function(images, transforms, fill = "reflect", fill_value = 0, interpolation = "bilinear", size = NULL) {
  call_op("image_transform", list(images, transforms), list(fill = fill, fill_value = fill_value, interpolation = interpolation, size = size))
}
