tensor <- internal("tensor")

heavy <- function() {
  set.seed(3)
  x <- tensor(array(rnorm(8 * 300 * 24), c(8, 300, 24)))
  w <- tensor(array(rnorm(5 * 40 * 24), c(5, 40, 24)))
  weight <- internal("new_variable")(array(rnorm(5 * 40 * 24), c(5, 40, 24)), "w")
  y <- internal("with_recording")(internal("op_conv_transpose")(x, weight, strides = 2, output_size = 603))
  gradients <- internal("op_gradients")(internal("with_recording")(internal("op_reduce_mean")(y^2)), list(weight))
  list(as.array(y), as.array(gradients[[1]]), as.array(internal("op_reduce_sum")(y)))
}

test_that("one thread, two or three: the same bits", {
  one <- with_threads(1, heavy())
  expect_identical(with_threads(2, heavy()), one)
  expect_identical(with_threads(3, heavy()), one)
})

test_that("a forked child computes, with threads of its own", {
  skip_on_os("windows")
  here <- with_threads(2, {
    heavy()
    job <- parallel::mcparallel(heavy())
    there <- NULL
    deadline <- Sys.time() + 60
    while (is.null(there) && Sys.time() < deadline) there <- parallel::mccollect(job, wait = FALSE, timeout = 1)
    if (is.null(there)) tools::pskill(job$pid, tools::SIGKILL)
    expect_false(is.null(there))
    expect_identical(there[[1]], heavy())
  })
})

test_that("a child of a child computes too", {
  skip_on_os("windows")
  result <- with_threads(2, parallel::mclapply(1:2, function(i) parallel::mclapply(1:2, function(j) heavy()[[3]], mc.cores = 2), mc.cores = 2))
  expect_identical(unique(unlist(result)), as.vector(heavy()[[3]]))
})

test_that("OMP_THREAD_LIMIT is honoured", {
  old <- Sys.getenv("OMP_THREAD_LIMIT", NA)
  Sys.setenv(OMP_THREAD_LIMIT = "1")
  on.exit(if (is.na(old)) Sys.unsetenv("OMP_THREAD_LIMIT") else Sys.setenv(OMP_THREAD_LIMIT = old))
  expect_identical(as.integer(in_new_process("keratin:::threads_get()")), 1L)
})

test_that("every instruction set gives the scalar kernels' values", {
  before <- internal("isa_get")()
  on.exit(internal("isa_set")(before))
  internal("isa_set")("scalar")
  scalar <- heavy()
  for (isa in internal("isas_available")()) {
    internal("isa_set")(isa)
    values <- heavy()
    for (i in seq_along(values)) expect_equal(values[[i]], scalar[[i]], tolerance = 1e-5, label = paste(isa, i))
  }
})

test_that("options(keratin.isa =) chooses the instruction set, and an unknown one is refused", {
  code <- sprintf(".libPaths(%s); options(keratin.isa = 'scalar'); cat(keratin:::isa_get())", paste(deparse(.libPaths()), collapse = ""))
  expect_identical(system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", "-e", shQuote(code)), stdout = TRUE), "scalar")
  expect_error(internal("isa_set")("mmx"), "mmx", class = "keratin_error_argument")
})
