# Protocol buffers: what TensorBoard's events, TensorFlow's checkpoints and ONNX are written in. A message is a raw vector; fields are
# appended one by one.

pb_varint <- function(n) {
  bytes <- numeric()
  if (n < 0) {   # 64 bits, two's complement
    for (i in 1:9) { bytes <- c(bytes, n %% 128 + 128); n <- floor(n / 128) }
    return(as.raw(c(bytes, 1)))
  }
  while (n >= 128) { bytes <- c(bytes, n %% 128 + 128); n <- floor(n / 128) }
  as.raw(c(bytes, n))
}

pb_tag <- function(field, wire) pb_varint(field * 8 + wire)
pb_whole <- function(field, n) c(pb_tag(field, 0), pb_varint(n))
pb_double <- function(field, x) c(pb_tag(field, 1), writeBin(as.double(x), raw(), endian = "little"))
pb_bytes <- function(field, bytes) c(pb_tag(field, 2), pb_varint(length(bytes)), bytes)
pb_message <- function(field, ...) pb_bytes(field, c(...))
pb_string <- function(field, text) pb_bytes(field, charToRaw(enc2utf8(text)))
pb_float <- function(field, x) c(pb_tag(field, 5), writeBin(as.double(x), raw(), size = 4L, endian = "little"))
pb_fixed32 <- function(field, n) c(pb_tag(field, 5), little_endian(n, 4L))

little_endian <- function(n, bytes) as.raw(n %/% 256^(seq_len(bytes) - 1) %% 256)

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
pb_first_string <- function(message, id) raw_text(pb_first_bytes(message, id))
raw_text <- function(bytes) {
  if (any(bytes == as.raw(0))) abort_file("the file is damaged: a name holds a zero byte")
  text <- rawToChar(bytes)
  Encoding(text) <- "UTF-8"
  if (!validUTF8(text)) abort_file("the file is damaged: a name is not valid UTF-8")
  text
}
