#' Assign the parts of a value to several names
#'
#' `c(a, b) %<-% list(1, 2)` assigns `a` and `b`. Names may nest, `c(c(x, y), z)`; `.` as a name (or a name after a dot, `.rest`) leaves a part out,
#' and `...rest` takes all that is left.
#'
#' @param x Names, `c(...)` of names.
#' @param value A list, vector, data frame (its columns) or 1-d array.
#' @return `value`, invisibly.
#' @examples
#' c(c(a, b), d) %<-% list(list(1, 2), 3)
#' c(first, ...others) %<-% 1:4
#' @name multi-assign
#' @export
`%<-%` <- function(x, value) {
  destructure(substitute(x), value, parent.frame())
  invisible(value)
}

destructure <- function(pattern, value, env) {
  if (!is.call(pattern) || !identical(pattern[[1L]], quote(c))) {
    if (!identical(pattern, quote(.))) eval(call("<-", pattern, call("quote", value)), env)
    return(invisible())
  }
  names <- as.list(pattern)[-1L]
  parts <- if (is.list(value)) unclass(as.list(value)) else if (is_tensor(value)) op_unstack(value, axis = 0L) else as.list(value)
  rest <- which(vapply(names, function(n) is.symbol(n) && startsWith(as.character(n), "..."), NA))
  if (length(rest) > 1L) abort_argument("only one name may begin with `...` in ", received(pattern), ".")
  if (!length(rest)) {
    if (length(names) != length(parts))
      abort_argument(length(names), " names on the left of %<-%, ", length(parts), " parts on the right.")
    for (i in seq_along(names)) destructure(names[[i]], parts[[i]], env)
    return(invisible())
  }
  after <- length(names) - rest
  left <- length(parts) - after
  if (left < rest - 1L) abort_argument(length(names) - 1L, " names on the left of %<-%, ", length(parts), " parts on the right.")
  for (i in seq_len(rest - 1L)) destructure(names[[i]], parts[[i]], env)
  name <- sub("^\\.\\.\\.", "", as.character(names[[rest]]))
  middle <- parts[seq_len(left)[seq_len(left) >= rest]]
  if (nzchar(name)) assign(name, if (is.atomic(value) && !is_tensor(value)) unlist(middle) else middle, envir = env)
  for (i in seq_len(after)) destructure(names[[rest + i]], parts[[left + i]], env)
}
