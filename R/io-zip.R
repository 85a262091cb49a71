# Zip archives: members are read by name into memory or a file of our own, never under the path they carry; sizes and checksums are checked.

is_zip_file <- function(path) identical(readBin(path, "raw", 4L), as.raw(c(0x50, 0x4b, 0x03, 0x04)))

number_at <- function(bytes, at, width) sum(as.numeric(bytes[at + seq_len(width)]) * 256^(seq_len(width) - 1L))

# The central directory: name, method, crc, sizes, offset of each member. Sizes beyond 4 GB (zip64) are understood.
zip_directory <- function(path) {
  size <- file.size(path)
  file <- file(path, "rb")
  on.exit(close(file))
  tail_size <- min(size, 65557)
  seek(file, size - tail_size)
  tail <- readBin(file, "raw", tail_size)
  starts <- which(tail == as.raw(0x50))
  starts <- rev(starts[starts <= length(tail) - 21L])
  end <- NA
  for (at in starts) if (identical(tail[at + 0:3], as.raw(c(0x50, 0x4b, 0x05, 0x06)))) { end <- at; break }
  if (is.na(end)) abort_file("\"", path, "\" is not a whole zip archive: it has no directory at its end")
  end <- end - 1L
  count <- number_at(tail, end + 10L, 2L)
  length <- number_at(tail, end + 12L, 4L)
  offset <- number_at(tail, end + 16L, 4L)
  if (count == 65535 || offset == 4294967295) {
    locator <- end - 20L
    if (locator < 0L || !identical(tail[locator + 1:4], as.raw(c(0x50, 0x4b, 0x06, 0x07)))) {
      abort_file("\"", path, "\": the zip64 directory is missing")
    }
    seek(file, number_at(tail, locator + 8L, 8L))
    record <- readBin(file, "raw", 56L)
    if (length(record) < 56L) abort_file("\"", path, "\" is cut short")
    count <- number_at(record, 32L, 8L)
    length <- number_at(record, 40L, 8L)
    offset <- number_at(record, 48L, 8L)
  }
  if (offset + length > size || length > 64 * 1024^2 || count > 1e5) abort_file("\"", path, "\" is damaged: its directory does not fit the file")
  seek(file, offset)
  bytes <- readBin(file, "raw", length)
  parse_directory(bytes, count, path)
}

parse_directory <- function(bytes, count, path) {
  members <- list()
  at <- 0
  for (i in seq_len(count)) {
    if (at + 46 > length(bytes) || !identical(bytes[at + 1:4], as.raw(c(0x50, 0x4b, 0x01, 0x02)))) {
      abort_file("\"", path, "\" is damaged: its directory is cut short")
    }
    name_size <- number_at(bytes, at + 28, 2L)
    extra_size <- number_at(bytes, at + 30, 2L)
    member <- list(flags = number_at(bytes, at + 8, 2L), method = number_at(bytes, at + 10, 2L), crc = number_at(bytes, at + 16, 4L),
                   packed = number_at(bytes, at + 20, 4L),
                   size = number_at(bytes, at + 24, 4L), offset = number_at(bytes, at + 42, 4L))
    if (at + 46 + name_size + extra_size > length(bytes)) abort_file("\"", path, "\" is damaged: its directory is cut short")
    name <- bytes[at + 46 + seq_len(name_size)]
    if (any(name == as.raw(0))) abort_file("\"", path, "\" has a member with a zero byte in its name")
    member$name <- rawToChar(name)
    Encoding(member$name) <- "UTF-8"
    member <- zip64_sizes(member, bytes[at + 46 + name_size + seq_len(extra_size)])
    if (!is.null(members[[member$name]])) abort_file("\"", path, "\" has two members \"", member$name, "\"")
    members[[member$name]] <- member
    at <- at + 46 + name_size + extra_size + number_at(bytes, at + 32, 2L)
  }
  members
}

zip64_sizes <- function(member, extra) {
  full <- 4294967295
  at <- 0
  while (at + 4 <= length(extra)) {
    size <- number_at(extra, at + 2, 2L)
    if (number_at(extra, at, 2L) == 1) {
      here <- at + 4
      for (field in c("size", "packed", "offset")) if (member[[field]] == full && here + 8 <= length(extra)) {
        member[[field]] <- number_at(extra, here, 8L)
        here <- here + 8
      }
    }
    at <- at + 4 + size
  }
  member
}

# The bytes of a member, at most `limit` of them, their checksum verified.
zip_member <- function(path, member, limit) {
  if (member$size > limit) {
    abort_file("\"", path, "\": the member \"", member$name, "\" has ", format(member$size, big.mark = ","), " bytes, at most ",
               format(limit, big.mark = ","), " are read")
  }
  if (bitwAnd(as.integer(member$flags), 1L)) abort_file("\"", path, "\": the member \"", member$name, "\" is encrypted")
  file <- file(path, "rb")
  on.exit(close(file))
  seek(file, member$offset)
  head <- readBin(file, "raw", 30L)
  if (length(head) < 30L || !identical(head[1:4], as.raw(c(0x50, 0x4b, 0x03, 0x04)))) {
    abort_file("\"", path, "\" is damaged: \"", member$name, "\" is not where its directory says")
  }
  start <- member$offset + 30 + number_at(head, 26, 2L) + number_at(head, 28, 2L)
  if (start + member$packed > file.size(path)) abort_file("\"", path, "\" is cut short: \"", member$name, "\" is not whole")
  seek(file, start)
  packed <- readBin(file, "raw", member$packed)
  bytes <- if (member$method == 0) packed else if (member$method == 8) inflate(packed, member, path) else
    abort_file("\"", path, "\": the member \"", member$name, "\" is compressed by a method (", member$method, ") that is not known")
  if (length(bytes) != member$size) abort_file("\"", path, "\" is damaged: \"", member$name, "\" has ", length(bytes), " bytes, not ", member$size)
  if (crc32(bytes) != member$crc) abort_file("\"", path, "\" is damaged: the checksum of \"", member$name, "\" does not agree with its contents")
  bytes
}

# Raw deflate data, given the frame that R's gzip connections read; they stop where the data says more than the directory.
inflate <- function(packed, member, path) {
  number <- function(x) as.raw(floor(x / 256^(0:3)) %% 256)
  framed <- c(as.raw(c(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3)), packed, number(member$crc), number(member$size))
  source <- gzcon(rawConnection(framed))
  on.exit(close(source))
  tryCatch(suppressWarnings(readBin(source, "raw", member$size + 1)),
           error = function(e) abort_file("\"", path, "\" is damaged: \"", member$name, "\" cannot be unpacked"))
}
