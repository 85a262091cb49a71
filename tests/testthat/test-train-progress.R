test_that("the bar looks as Keras's", {
  bar <- internal("bar_text")
  expect_equal(bar(1, 30), "[==============================]")
  expect_equal(bar(0.5, 10), "[====>.....]")
  expect_equal(bar(0, 10), "[..........]")
  expect_equal(internal("count_text")(7, 120), "  7/120")
  expect_equal(internal("eta_text")(3725), "1:02:05")
  expect_equal(internal("eta_text")(75), "1:15")
  expect_equal(internal("log_text")(list(loss = 0.123456, mae = 1.5e-5)), " - loss: 0.1235 - mae: 1.5000e-05")
})

test_that("redirected output has plain lines, one an epoch", {
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse")
  out <- capture.output(fit(model, fixed_x, fixed_y, epochs = 2, verbose = 1))
  expect_length(out, 4)
  expect_equal(out[[1]], "Epoch 1/2")
  expect_match(out[[2]], "^1/1 \\[=+\\] - \\d+s \\d+(us|ms|s)/step - loss: 0\\.\\d{4}$")
  # a single epoch has no heading
  out <- capture.output(fit(model, fixed_x, fixed_y, epochs = 1, verbose = 2))
  expect_match(out[[1]], "^1/1 - 0s - loss: 0\\.\\d{4} - \\d+(us|ms|s)/epoch - \\d+(us|ms|s)/step$")
  expect_silent(fit(model, fixed_x, fixed_y, epochs = 1, verbose = 0))
  expect_error(fit(model, fixed_x, fixed_y, verbose = 5), class = "keratin_error_argument")
})

test_that("a live line fits the terminal", {
  withr::local_options(keratin.progress_live = TRUE, cli.width = 60)
  progress <- internal("new_progress")(1L, 1000)
  logs <- list(loss = 0.5, accuracy = 0.9, val_loss = 0.5, val_accuracy = 0.9, val_mean_absolute_error = 0.1)
  expect_lte(nchar(progress$line(10, logs, final = FALSE)), 59)
  expect_match(progress$line(1000, logs, final = TRUE), "val_mean_absolute_error: 0.1000$")
})

test_that("a line of progress fits the window as it is at that moment", {
  withr::local_options(keratin.progress_live = TRUE)
  progress <- internal("new_progress")(1L, 100)
  logs <- list(loss = 0.5, accuracy = 0.5, val_loss = 0.25)
  for (width in c(40L, 70L, 200L)) {
    withr::local_options(cli.width = width)
    expect_lt(nchar(progress$line(50, logs, final = FALSE)), width)
  }
})

test_that("the compiler of R is off around the core and on in what users wrote", {
  level <- function() compiler::enableJIT(-1L)
  before <- compiler::enableJIT(3L)
  withr::defer(compiler::enableJIT(before))
  seen <- integer()
  callback <- callback_lambda(on_epoch_end = function(epoch, logs) seen <<- c(seen, level()))
  model <- fixed_model()
  model %>% compile(optimizer = "sgd", loss = "mse")
  fit_fixed(model, epochs = 1, callbacks = list(callback))
  generator <- function() { seen <<- c(seen, level()); list(fixed_x, fixed_y) }
  fit(model, generator, steps_per_epoch = 1, epochs = 1, verbose = 0)
  expect_true(all(seen == 3L))
  expect_error(fit_fixed(model, epochs = 1, callbacks = list(callback_lambda(on_epoch_end = function(epoch, logs) stop("mine")))), "mine")
  expect_identical(level(), 3L)
  expect_identical(internal("without_jit")(level()), 0L)
})
