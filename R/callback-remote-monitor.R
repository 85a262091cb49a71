RemoteMonitor <- R6Class("RemoteMonitor", inherit = KerasCallback, lock_objects = FALSE, cloneable = FALSE, public = list(
  initialize = function(root, path, field, headers, send_as_json) {
    need_package("curl", "callback_remote_monitor()")
    self$root <- root
    self$path <- path
    self$field <- field
    self$headers <- headers
    self$send_as_json <- isTRUE(send_as_json)
  },
  on_epoch_end = function(epoch, logs = NULL) {
    message <- jsonlite::toJSON(c(list(epoch = epoch), logs), auto_unbox = TRUE, digits = NA)
    handle <- curl::new_handle()
    headers <- as.list(self$headers)
    if (self$send_as_json) {
      headers[["Content-Type"]] <- "application/json"
      curl::handle_setopt(handle, postfields = as.character(message))
    } else curl::handle_setopt(handle, postfields = paste0(self$field, "=", utils::URLencode(message, reserved = TRUE)))
    if (length(headers)) do.call(curl::handle_setheaders, c(list(handle), headers))
    tryCatch(curl::curl_fetch_memory(paste0(self$root, self$path), handle = handle),
             error = function(e) warning("Could not reach RemoteMonitor root server at ", self$root, ": ", conditionMessage(e), call. = FALSE))
    invisible()
  }
))

#' Send the metrics of each epoch to a server
#'
#' @param root,path The address: root of the server, and path on it.
#' @param field Name of the form field that holds the JSON text.
#' @param headers Named list of HTTP headers.
#' @param send_as_json Send the JSON text itself (`application/json`) instead of a form?
#' @inherit callback_lambda return
#' @family callbacks
#' @export
callback_remote_monitor <- function(root = "https://localhost:9000", path = "/publish/epoch/end/", field = "data", headers = NULL,
                                    send_as_json = FALSE) {
  new_callback(RemoteMonitor, root, path, field, headers, send_as_json)
}
