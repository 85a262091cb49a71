# What DESCRIPTION asks for and this machine lacks.
#   Rscript tools/packages.R missing LIBRARY          one name a line; optional ones that could not be had before are not asked for again
#   Rscript tools/packages.R install LIBRARY NAME...  from CRAN; fails if one that keratin or its tests cannot do without is still missing
arguments <- commandArgs(trailingOnly = TRUE)
fields <- read.dcf("DESCRIPTION", c("Imports", "LinkingTo", "Suggests"))

package_names <- function(field) {
  names <- sub("[[:space:]]*\\(.*", "", trimws(strsplit(fields[, field], ",")[[1]]))
  setdiff(names[nzchar(names)], "R")
}
required <- unique(c(package_names("Imports"), package_names("LinkingTo"), "testthat"))
is_missing <- function(names) names[!nzchar(vapply(names, function(name) system.file(package = name), ""))]

library <- arguments[2]
not_available <- file.path(library, ".keratin-not-available")
if (arguments[1] == "missing") {
  optional <- package_names("Suggests")
  if (file.exists(not_available)) optional <- setdiff(optional, readLines(not_available))
  writeLines(is_missing(unique(c(required, optional))))
} else {
  wanted <- arguments[-(1:2)]
  message("Installing from CRAN into ", library, ": ", toString(wanted))
  mirror <- getOption("repos")[["CRAN"]]
  if (mirror == "@CRAN@") mirror <- "https://cloud.r-project.org"
  options(timeout = 60)
  try(suppressWarnings(utils::install.packages(wanted, lib = library, repos = mirror, quiet = TRUE, Ncpus = 2)), silent = TRUE)
  still <- is_missing(wanted)
  if (length(optional <- setdiff(still, required))) {
    message("Not available (the parts of keratin that use them are skipped; delete ", not_available, " to try again): ", toString(optional))
    write(optional, not_available, append = TRUE)
  }
  if (length(lacking <- intersect(still, required))) {
    stop("These R packages are needed and could not be installed from ", mirror, ": ", toString(lacking),
         ".\n  Offline? Copy them into ", library, " (or apt-get install ",
         paste0("r-cran-", tolower(lacking), collapse = " "), " as root on Debian) and try again.", call. = FALSE)
  }
}
