# Small helpers of the training room.

#' @importFrom graphics plot
#' @importFrom stats setNames
NULL

quoted_names <- function(x) paste0("\"", x, "\"", collapse = ", ")

# An unknown name is an error that offers the nearest known ones.
abort_unknown_name <- function(kind, name, known) {
  known <- unique(known)
  distance <- utils::adist(tolower(name), tolower(known))[1L, ]
  near <- known[order(distance)][seq_len(min(3L, length(known)))]
  near <- near[sort(distance)[seq_along(near)] <= max(3, nchar(name) / 2)]
  abort_argument("unknown ", kind, " \"", name, "\".", if (length(near)) paste0(" Did you mean ", paste0("\"", near, "\"", collapse = " or "), "?"))
}

as_whole_number <- function(x, what, least = 1) {
  if (is.null(x)) return(NULL)
  if (!is.numeric(x) || length(x) != 1L || is.na(x) || x < least || x != floor(x))
    abort_argument("`", what, "` must be a whole number of at least ", least, ". Received: ", what, " = ", received(x))
  as.numeric(x)
}
