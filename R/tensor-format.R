# How tensors and variables print: as in TensorFlow, which prints numpy's arrays. Columns have one width, rows end at 75 characters, more
# than 1000 elements are shown by the first and last three along each axis.

format_tensor <- function(value, dtype) {
  text <- if (is.null(dim(value))) format_scalar(value, dtype) else array_text(value, dtype)
  if (grepl("\n", text, fixed = TRUE)) text <- paste0("\n", text)
  sprintf("tf.Tensor(%s, shape=(%s), dtype=%s)", text, shape_text(dim(value)), dtype)
}

format_variable <- function(value, dtype, name) {
  text <- if (is.null(dim(value))) format_scalar(value, dtype) else {
    type <- if (dtype %in% c("float64", "int64", "bool")) "" else paste0(", dtype=", if (dtype == "string") "object" else dtype)
    body <- paste0("array(", array_text(value, dtype, separator = ", ", indent = 6L))
    if (nzchar(type) && nchar(sub(".*\n", "", body)) + nchar(type) > 75L) type <- sub(" ", "\n      ", type)
    paste0(body, type, ")")
  }
  if (grepl("\n", text, fixed = TRUE)) text <- paste0("\n", text)
  sprintf("<tf.Variable '%s' shape=(%s) dtype=%s, numpy=%s>", name, shape_text(dim(value)), dtype, text)
}

# "[[1. 2.]\n [3. 4.]]"
array_text <- function(value, dtype, separator = " ", indent = 0L) {
  if (!length(value)) return("[]")
  shown <- if (length(value) > 1000L) lapply(dim(value), function(n) if (n > 6L) c(1:3, NA, n - 2:0) else seq_len(n)) else lapply(dim(value), seq_len)
  kept <- do.call(`[`, c(list(value), lapply(shown, function(at) at[!is.na(at)]), list(drop = FALSE)))
  cells <- array(format_elements(as.vector(kept), dtype), dim(kept))
  gaps <- lapply(shown, function(at) which(is.na(at)))
  nested_text(cells, gaps, separator, indent + 1L, 0L)
}

# Rows of brackets. `closing`: brackets and commas that must fit behind the last element of the line.
nested_text <- function(cells, gaps, separator, indent, closing) {
  size <- dim(cells)
  if (length(size) == 1L) return(row_text(append_gap(as.vector(cells), gaps[[1L]]), separator, indent, closing))
  part <- function(i) {
    inner <- array(cells[slice.index(cells, 1L) == i], size[-1L])
    nested_text(inner, gaps[-1L], separator, indent + 1L, closing + 1L)
  }
  parts <- append_gap(vapply(seq_len(size[1L]), part, ""), gaps[[1L]])
  between <- paste0(trimws(separator, "right"), strrep("\n", length(size) - 1L), strrep(" ", indent))
  paste0("[", paste(parts, collapse = between), "]")
}
append_gap <- function(parts, gap) if (length(gap)) append(parts, "...", after = gap - 1L) else parts

row_text <- function(words, separator, indent, closing) {
  lines <- character()
  line <- words[1L]
  for (k in seq_along(words)[-1L]) {
    longer <- paste0(line, separator, words[k])
    room <- 75L - indent - if (k == length(words)) closing + 1L else nchar(trimws(separator))
    if (nchar(longer) > room) {
      lines <- c(lines, trimws(paste0(line, separator), "right"))
      line <- words[k]
    } else line <- longer
  }
  paste0("[", paste(c(lines, line), collapse = paste0("\n", strrep(" ", indent))), "]")
}

format_elements <- function(x, dtype) {
  if (dtype == "string") return(paste0("b'", x, "'"))
  if (dtype == "bool") return(ifelse(x, " True", "False"))
  if (!is_float(dtype)) return(formatC(whole_text(x), width = max(nchar(whole_text(x)))))
  known <- is.finite(x)
  sizes <- abs(x[known & x != 0])
  scientific <- length(sizes) && (max(sizes) >= 1e8 || min(sizes) < 1e-4 || max(sizes) / min(sizes) > 1000)
  text <- ifelse(is.nan(x), "nan", ifelse(x > 0, "inf", "-inf"))
  if (any(known)) text[known] <- if (scientific) exponent_text(x[known], dtype) else point_text(x[known], dtype)
  formatC(text, width = max(nchar(text)))
}

# Whole numbers, which may be larger than R's integers.
whole_text <- function(x) format(as.vector(x), scientific = FALSE, trim = TRUE, digits = 15L)

# The fewest significant digits that still mean this number.
needed_digits <- function(x, dtype) {
  most <- if (dtype == "float32") 9L else 17L
  ulp <- ifelse(x == 0, 0, 2^(floor(log2(abs(x))) - if (dtype == "float32") 23 else 52))
  vapply(seq_along(x), function(i) {
    for (digits in seq_len(most)) if (abs(signif(x[i], digits) - x[i]) <= 0.4999999 * ulp[i]) return(digits)
    most
  }, 0L)
}
magnitude <- function(x) ifelse(x == 0, 0, floor(log10(abs(x))))

# "1.  ", "0.25": the points stand below each other.
point_text <- function(x, dtype) {
  digits <- needed_digits(x, dtype)
  places <- pmin(8, pmax(0, digits - 1 - magnitude(x)))
  text <- mapply(function(value, n) { t <- formatC(value, format = "f", digits = n); if (n > 0) sub("0+$", "", t) else paste0(t, ".") }, x, places)
  decimals <- nchar(sub(".*[.]", "", text))
  paste0(text, strrep(" ", max(decimals) - decimals))
}

# "1.0000e+00 1.2345e-05": mantissas of one length.
exponent_text <- function(x, dtype) {
  places <- min(8, max(needed_digits(x, dtype) - 1L))
  text <- formatC(x, format = "e", digits = places)
  if (places == 0) sub("e", ".e", text) else text
}

format_scalar <- function(x, dtype) {
  if (dtype == "string") return(paste0("b'", x, "'"))
  if (dtype == "bool") return(if (x) "True" else "False")
  if (!is_float(dtype)) return(whole_text(x))
  if (!is.finite(x)) return(if (is.nan(x)) "nan" else if (x > 0) "inf" else "-inf")
  digits <- needed_digits(x, dtype)
  if (x != 0 && (abs(x) < 1e-4 || abs(x) >= 1e16)) return(sub("[.]?0+e", "e", formatC(x, format = "e", digits = digits - 1L)))
  formatC(x, format = "f", digits = max(1, digits - 1 - magnitude(x)))
}
