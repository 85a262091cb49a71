# summary() and print() of models: the text of Keras 2.15, as R keras shows it.

#' Summary of a model
#'
#' Layers with their output shapes and numbers of weights, and how they are connected.
#'
#' @param object,x A model.
#' @param line_length Characters in a line; the console's width if not given.
#' @param positions Where columns end, as shares of the line or in characters.
#' @param expand_nested Whether to show the layers of models within the model.
#' @param show_trainable Whether to say which layers train; by default if some weights do not.
#' @param compact Whether to leave out blank lines.
#' @param width Width of the console.
#' @param ... Passed to `format()`.
#' @return `summary()`: the text, invisibly. `print()`: the model, invisibly.
#' @examples
#' model <- keras_model_sequential(input_shape = 3) |> layer_dense(4) |> layer_dense(1)
#' summary(model)
#' @name summary.keras.engine.training.Model
NULL

#' @rdname summary.keras.engine.training.Model
#' @export
summary.keras.engine.training.Model <- function(object, ...) {
  text <- format(object, ...)
  writeLines(text)
  invisible(text)
}

#' @rdname summary.keras.engine.training.Model
#' @export
print.keras.engine.training.Model <- function(x, ...) {
  cat(format(x, ...), "\n", sep = "")
  invisible(x)
}

#' @rdname summary.keras.engine.training.Model
#' @export
format.keras.engine.training.Model <- function(x, line_length = width - 11L * show_trainable, positions = NULL, expand_nested = FALSE,
                                               show_trainable = NA, ..., compact = TRUE, width = getOption("width")) {
  model <- unwrap(x)
  if (!isTRUE(model$built)) return("Model: <no summary available, model was not built>")
  if (is.na(show_trainable)) show_trainable <- length(model$non_trainable_weights) > 0L
  lines <- summary_lines(model, as.integer(line_length), positions, expand_nested, show_trainable)
  if (compact) lines <- lines[nzchar(trimws(lines)) & !grepl("^[|]+ +[|]+$", lines)]
  trimws(paste(lines, collapse = "\n"))
}

summary_lines <- function(model, line_length, positions, expand_nested, show_trainable) {
  connections <- !is_sequence(model)
  if (is.null(positions)) positions <- if (connections) c(0.3, 0.6, 0.7, 1) else c(0.45, 0.85, 1)
  if (positions[length(positions)] <= 1) positions <- floor(line_length * positions + 1e-9)
  header <- c("Layer (type)", "Output Shape", "Param #", if (connections) "Connected to")
  if (show_trainable) {
    line_length <- line_length + 11L
    positions <- c(positions, line_length)
    header <- c(header, "Trainable")
  }
  bar <- function(sign, level = 0L) paste0(strrep("|", level), strrep(sign, line_length - 2L * level), strrep("|", level))
  layer_lines <- function(layer, level, last) {
    fields <- c(paste0(layer$name, " (", class(layer)[1L], ")"), output_shape_text(layer), parameters_text(layer),
                if (connections) connections_text(layer, model), if (show_trainable) { if (layer$own_trainable) "Y" else "N" })
    inner <- if (expand_nested && inherits(layer, "Model")) model_layers(layer)
    c(row_lines(fields, positions, level),
      if (length(inner)) c(bar("\u00af", level + 1L),
                           unlist(lapply(seq_along(inner), function(i) layer_lines(inner[[i]], level + 1L, i == length(inner)))),
                           bar("\u00af", level)),
      if (!last) bar(" ", level))
  }
  c(paste0('Model: "', model$name, '"'), strrep("_", line_length), row_lines(header, positions, 0L), strrep("=", line_length),
    unlist(lapply(model_layers(model), layer_lines, level = 0L, last = FALSE)), strrep("=", line_length),
    totals_lines(model), strrep("_", line_length))
}

totals_lines <- function(model) {
  line <- function(what, weights) paste0(what, " params: ", format(count_weights(weights), scientific = FALSE), " (", memory_text(weights), ")")
  trainable <- model$trainable_weights
  others <- model$non_trainable_weights
  c(line("Total", c(trainable, others)), line("Trainable", trainable), line("Non-trainable", others))
}

memory_text <- function(weights) {
  bytes <- sum(vapply(weights, function(v) prod(tensor_shape(v)) * dtype_bytes(tensor_dtype(v)), 0))
  for (unit in c("Byte", "KB", "MB", "GB", "TB", "PB")) {
    if (bytes / 1024 < 1) break
    bytes <- bytes / 1024
  }
  sprintf("%.2f %s", bytes, unit)
}
dtype_bytes <- function(dtype) switch(dtype, float64 = , int64 = 8, float16 = , int16 = 2, bool = , int8 = , uint8 = 1, 4)

# Fields side by side; what does not fit goes on in the next line. A line also breaks where a tuple or a list item ends.
row_lines <- function(fields, positions, level) {
  starts <- c(0, positions[-length(positions)])
  lines <- character()
  while (any(nzchar(fields))) {
    line <- ""
    for (i in seq_along(fields)) {
      space <- if (i == length(positions)) 0L else 2L
      cutoff <- positions[i] - starts[i] - (if (space > 0L) space + 1L else 0L) - (if (i == 1L) level else 0L)
      cutoff <- max(cutoff, 1)
      part <- substr(fields[i], 1L, cutoff)
      ends <- unlist(lapply(c("),", "},", "],", "',"), function(end) { at <- regexpr(end, part, fixed = TRUE); if (at > 0L) at + nchar(end) - 1L }))
      if (length(ends)) {
        cutoff <- min(ends)
        part <- substr(part, 1L, cutoff)
      }
      if (i == 1L) line <- paste0(line, strrep("|", level), " ")
      line <- paste0(line, part, strrep(" ", space))
      fields[i] <- substr(fields[i], cutoff + 1L, nchar(fields[i]))
      line <- paste0(line, strrep(" ", max(positions[i] - nchar(line) - level, 0)))
    }
    lines <- c(lines, paste0(line, strrep("|", level)))
  }
  lines
}

# A model whose every layer is used once and feeds the next needs no column of connections.
is_sequence <- function(model) {
  if (inherits(model, "Sequential") || is.null(model$network)) return(TRUE)
  nodes <- list()
  for (level in model$network$nodes_by_depth) {
    if (length(level) > 1L || length(level[[1L]]$inputs) > 1L) return(FALSE)
    nodes <- c(nodes, level)
  }
  keys <- vapply(nodes, function(node) node$key, "")
  !anyDuplicated(vapply(nodes, function(node) layer_key(node$layer), "")) && length(keys) > 0L
}

output_shape_text <- function(layer) {
  dims <- if (length(layer$inbound_nodes)) unique(lapply(seq_along(layer$inbound_nodes), function(i) layer_dims(layer, "outputs", i)))
          else if (inherits(layer, "Functional") && length(layer$network_outputs)) list(nest_map(layer$output_structure, tensor_shape))
  if (length(dims) != 1L) return("multiple")
  if (inherits(layer, "InputLayer")) paste0("[", format_shape(dims[[1L]], "None"), "]") else format_shape(dims[[1L]], "None")
}

parameters_text <- function(layer) if (isTRUE(layer$built)) format(count_weights(layer$weights), scientific = FALSE) else "0 (unused)"

connections_text <- function(layer, model) {
  numbers <- vapply(layer$inbound_nodes, function(node) !is.null(model$network$nodes[[node$key]]), NA)
  tensors <- unlist(lapply(layer$inbound_nodes[numbers], function(node) node$inputs), recursive = FALSE)
  names <- vapply(tensors, function(x) {
    history <- .subset2(x, "history")
    sprintf("'%s[%d][%d]'", history$layer$name, history$node$index, history$tensor_index)
  }, "")
  paste0("[", paste(names, collapse = ", "), "]")
}
