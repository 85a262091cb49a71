# Checks of constructor arguments. Each returns the value in the form layers keep it.

is_whole <- function(x) is.numeric(x) && !anyNA(x) && all(is.finite(x)) && all(x == floor(x))

# One whole number >= least.
as_count <- function(x, what, least = 1L) {
  if (is.list(x) && length(x) == 1L) x <- x[[1L]]
  if (length(x) != 1L || !is_whole(x) || x < least || x > .Machine$integer.max)
    abort_argument("`", what, "` must be one whole number, at least ", least, ". Received: ", what, " = ", received(x))
  as.integer(x)
}

# `rank` whole numbers; one number stands for all axes.
as_sizes <- function(x, rank, what, least = 1L) {
  if (is.list(x)) x <- unlist(x)
  if (!length(x) %in% c(1L, rank) || !is_whole(x) || any(x < least) || any(x > .Machine$integer.max))
    abort_argument("`", what, "` must be ", if (rank == 1L) "one whole number" else paste("one whole number, or", rank, "of them"), ", at least ",
                   least,
                   ". Received: ", what, " = ", received(x))
  rep_len(as.integer(x), rank)
}

as_flag <- function(x, what) {
  if (length(x) != 1L || is.na(x) || !(is.logical(x) || is.numeric(x))) {
    abort_argument("`", what, "` must be TRUE or FALSE. Received: ", what, " = ", received(x))
  }
  as.logical(x)
}

as_number <- function(x, what, least = -Inf, most = Inf) {
  if (length(x) != 1L || !is.numeric(x) || is.na(x) || x < least || x > most)
    abort_argument("`", what, "` must be one number", if (is.finite(least) || is.finite(most)) paste0(" between ", least, " and ", most),
                   ". Received: ", what, " = ", received(x))
  as.numeric(x)
}

# One of a few words, in any case.
as_choice <- function(x, choices, what) {
  if (!is.character(x) || length(x) != 1L || is.na(x) || !tolower(x) %in% choices)
    abort_argument("`", what, "` must be ", paste0('"', choices, '"', collapse = " or "), ". Received: ", what, " = ", received(x))
  tolower(x)
}

as_data_format <- function(x) if (is.null(x)) k_image_data_format() else as_choice(x, c("channels_last", "channels_first"), "data_format")

# R users count axes from 1; Python's negative axes stay.
as_axis <- function(axis) {
  if (is.null(axis)) return(NULL)
  axis <- as.integer(unlist(axis))
  ifelse(axis > 0L, axis - 1L, axis)
}

as_dtype <- function(x) {
  if (is.null(x)) return(k_floatx())
  if (inherits(x, "keratin_dtype") || is.environment(x)) x <- x$name
  known <- c("float32", "float64", "int32", "int64", "bool", "string", "float16", "uint8", "int8", "int16", "bfloat16")
  if (!is.character(x) || length(x) != 1L || !x %in% known) {
    abort_argument("`dtype` must be one of ", paste0('"', known[1:6], '"', collapse = ", "), ". Received: dtype = ", received(x))
  }
  x
}

# R keras counts axes from 1, -1 being the last; ops count from 0.
axes_from_one <- function(axis) {
  if (is.null(axis)) return(NULL)
  if (length(axis) == 1L && is.numeric(axis) && is.finite(axis) && axis != 0 && axis == trunc(axis)) {
    return(if (axis > 0) as.integer(axis - 1) else as.integer(axis))
  }
  axis <- unlist(axis)
  if (!is_whole(axis) || any(axis == 0)) abort_argument("axes count from 1, or from the end with -1. Received: axis = ", received(axis))
  as.integer(ifelse(axis > 0, axis - 1, axis))
}
