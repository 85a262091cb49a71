# Files from the network, into a cache.

#' Downloads a file from a URL if it is not in the cache already
#'
#' A download that breaks off is resumed, now or at the next call. A file whose checksum is given is checked, and fetched anew if it
#' does not match.
#'
#' @param fname Name of the file (or an absolute path).
#' @param origin URL of the file.
#' @param file_hash Expected hash of the file, SHA-256 or MD5.
#' @param cache_subdir Folder below the cache folder. An absolute path is taken as it is.
#' @param hash_algorithm `"sha256"`, `"md5"`, or `"auto"`: by the length of `file_hash`.
#' @param extract `TRUE` to unpack the file as an archive (tar or zip).
#' @param archive_format `"auto"`, `"tar"`, `"zip"` or `NULL`.
#' @param cache_dir The cache folder. `NULL` is the option `keratin.cache_dir`, else the environment variable `KERAS_HOME`, else
#'   `~/.keras` if there is one (so that files that Keras has fetched are used), else R's cache folder for keratin
#'   ([tools::R_user_dir()]).
#' @param untar Older way to ask for unpacking: `fname` is the folder that the archive holds.
#' @return Path of the file.
#' @family utils
#' @export
get_file <- function(fname, origin, file_hash = NULL, cache_subdir = "datasets", hash_algorithm = "auto", extract = FALSE,
                     archive_format = "auto", cache_dir = NULL, untar = FALSE) {
  hash_algorithm <- one_of(hash_algorithm, c("auto", "sha256", "md5"), "hash_algorithm")
  folder <- if (is_absolute(cache_subdir)) {
    cache_subdir
  } else {
    file.path(if (is.null(cache_dir)) cache_folder() else path.expand(cache_dir), cache_subdir)
  }
  wanted <- if (is_absolute(fname)) fname else file.path(folder, fname)
  path <- if (untar) paste0(wanted, ".tar.gz") else wanted
  if (untar && file.exists(wanted) && !file.exists(path)) return(wanted)  # unpacked by hand, or the archive was thrown away
  spoilt <- file.exists(path) && !has_hash(path, file_hash, hash_algorithm)
  if (spoilt) message("The file ", path, " has not the expected checksum ", file_hash, ": it is fetched anew.")
  if (spoilt || !file.exists(path)) fetch(origin, path, file_hash, hash_algorithm)
  if (untar) {
    if (!file.exists(wanted)) unpack(path, dirname(path), "tar")
    return(wanted)
  }
  if (extract) unpack(path, dirname(path), archive_format)
  path
}

cache_folder <- function() {
  set <- c(getOption("keratin.cache_dir"), Sys.getenv("KERAS_HOME", NA))
  set <- set[!is.na(set)]
  if (length(set)) return(path.expand(set[1L]))
  of_keras <- path.expand("~/.keras")
  if (dir.exists(of_keras)) of_keras else tools::R_user_dir("keratin", "cache")
}
is_absolute <- function(path) grepl("^(/|~|[A-Za-z]:[/\\\\])", path)

has_hash <- function(path, hash, algorithm = "auto") {
  if (is.null(hash)) return(TRUE)
  if (algorithm == "auto") algorithm <- if (nchar(hash) == 64L) "sha256" else "md5"
  found <- if (algorithm == "sha256") cli::hash_file_sha256(path) else unname(tools::md5sum(path))
  identical(tolower(hash), found)
}

unpack <- function(path, into, format) {
  if (is.null(format)) return(invisible())
  if (identical(format, "auto")) {
    magic <- readBin(path, "raw", 2L)
    format <- if (identical(magic, charToRaw("PK"))) {
      "zip"
    } else if (grepl("\\.(tar|tgz|tar\\.gz|tar\\.bz2|tar\\.xz)$", path) || identical(magic, as.raw(c(0x1f, 0x8b)))) "tar" else return(invisible())
  }
  if (format == "zip") utils::unzip(path, exdir = into) else utils::untar(path, exdir = into)
  invisible()
}

# Downloads into `path`.part, which a later call goes on with, and renames it when it is whole.
fetch <- function(origin, path, hash = NULL, algorithm = "auto", download = download_on) {
  part <- paste0(path, ".part")
  dir.create(dirname(path), recursive = TRUE, showWarnings = FALSE)
  message("Downloading data from ", origin)
  for (attempt in 1:3) {
    resumed <- file.exists(part) && file.size(part) > 0
    problem <- tryCatch(download(origin, part),
                        error = function(e) structure(trimws(gsub("[[:space:]]+", " ", conditionMessage(e))), again = inherits(e, "broke_off")))
    if (is.character(problem)) {
      if (attempt < 3L && attr(problem, "again")) next
      abort_file("cannot download ", basename(path), " from ", origin, " (", problem,
                 "). Without a connection, fetch the file elsewhere and put it at ", path, ".")
    }
    if (has_hash(part, hash, algorithm)) {
      file.rename(part, path)
      return(invisible(path))
    }
    unlink(part)
    if (!resumed) {
      abort_file("the file from ", origin, " has not the expected checksum ", hash,
                 ". It was thrown away; fetch the right one elsewhere and put it at ", path, ".")
    }
  }
  abort_file("cannot download ", basename(path), " from ", origin, ".")
}

# Appends to the file what it lacks. TRUE, or an error with what came so far kept.
download_on <- function(origin, part, block = 1048576L) {
  old <- options(timeout = max(300, getOption("timeout")))
  on.exit(options(old))
  if (grepl("^file://", origin)) return(file.copy(sub("^file://", "", origin), part, overwrite = TRUE) || stop("no such file"))
  headers <- suppressWarnings(curlGetHeaders(origin))
  status <- attr(headers, "status")
  if (status %in% c(401L, 404L, 410L)) stop("HTTP status ", status)
  if (status >= 400L) headers <- character()  # a server may refuse to give the headers alone
  last <- rev(headers)
  field <- function(name) sub("^[^:]*: *", "", trimws(grep(paste0("^", name, ":"), last, ignore.case = TRUE, value = TRUE)[1L]))
  total <- suppressWarnings(as.numeric(field("content-length")))
  have <- if (file.exists(part)) file.size(part) else 0
  if (have > 0 && (is.na(total) || have > total || !identical(tolower(field("accept-ranges")), "bytes"))) {
    unlink(part)
    have <- 0
  }
  if (!is.na(total) && have == total) return(TRUE)
  from <- open_url(origin, if (have > 0) c(Range = sprintf("bytes=%.0f-", have)), refused = status >= 400L)
  on.exit(close(from), add = TRUE)
  to <- file(part, "ab")
  on.exit(close(to), add = TRUE)
  bar <- cli::cli_progress_bar(total = if (is.na(total)) NA else total,
                               format = "{cli::pb_bar} {cli::pb_current_bytes}/{cli::pb_total_bytes} {cli::pb_eta_str}")
  repeat {
    bytes <- suppressWarnings(readBin(from, "raw", block))  # a cut-off transfer warns; the sizes tell
    if (!length(bytes)) break
    writeBin(bytes, to)
    have <- have + length(bytes)
    cli::cli_progress_update(set = have, id = bar)
  }
  cli::cli_progress_done(id = bar)
  if (!is.na(total) && have < total) stop(broke_off(paste0("the connection broke off after ", have, " of ", total, " bytes")))
  TRUE
}

broke_off <- function(message) structure(class = c("broke_off", "error", "condition"), list(message = message, call = NULL))
# The server has just answered: a connection that fails now has broken off (unless the server refuses), which is worth another attempt.
open_url <- function(origin, headers, refused) {
  reason <- NULL
  tryCatch(withCallingHandlers(url(origin, "rb", headers = headers), warning = function(w) {
    reason <<- conditionMessage(w)
    invokeRestart("muffleWarning")
  }), error = function(e) stop(if (refused) simpleError(reason %||% conditionMessage(e)) else broke_off(reason %||% conditionMessage(e))))
}
