# Protocol buffers: what TensorFlow's checkpoints and ONNX are written in. A message is a raw vector; fields are appended one by one.

pb_varint <- function(n) {
  bytes <- numeric()
  if (n < 0) {   # 64 bits, two's complement
    for (i in 1:9) { bytes <- c(bytes, n %% 128 + 128); n <- floor(n / 128) }
    return(as.raw(c(bytes, 1)))
  }
  while (n >= 128) { bytes <- c(bytes, n %% 128 + 128); n <- floor(n / 128) }
  as.raw(c(bytes, n))
}

pb_bytes <- function(id, bytes) c(pb_varint(id * 8 + 2), pb_varint(length(bytes)), bytes)
pb_message <- function(id, ...) pb_bytes(id, c(...))
pb_text <- function(id, text) pb_bytes(id, charToRaw(enc2utf8(text)))
pb_number <- function(id, n) c(pb_varint(id * 8), pb_varint(n))
pb_numbers <- function(id, values) pb_bytes(id, unlist(lapply(values, pb_varint)))   # packed
pb_float <- function(id, x) c(pb_varint(id * 8 + 5), writeBin(as.double(x), raw(), size = 4L, endian = "little"))
pb_fixed32 <- function(id, n) c(pb_varint(id * 8 + 5), as.raw(floor(n / 256^(0:3)) %% 256))

# ---- reading: fields by their number

pb_read <- function(bytes) wire_read(bytes)
pb_all <- function(message, id) message$value[message$id == id]
pb_first_number <- function(message, id, default = 0) {
  found <- Filter(is.double, pb_all(message, id))
  if (length(found)) found[[length(found)]] else default
}
pb_first_bytes <- function(message, id) {
  found <- Filter(is.raw, pb_all(message, id))
  if (length(found)) found[[length(found)]] else raw()
}
pb_first_text <- function(message, id) raw_text(pb_first_bytes(message, id))
raw_text <- function(bytes) {
  if (any(bytes == as.raw(0))) abort_file("the file is damaged: a name holds a zero byte")
  text <- rawToChar(bytes)
  Encoding(text) <- "UTF-8"
  if (!validUTF8(text)) abort_file("the file is damaged: a name is not valid UTF-8")
  text
}
