# A denoising autoencoder for the monthly sunspot numbers since 1749: two convolutions halve the time axis twice, two transposed
# convolutions bring it back. Run with `make demo`, or demo("sunspots", package = "keratin").
library(keratin)
set.seed(1749)

# The last fifth of the series is kept for testing. Windows of 128 months, and the same windows with noise.
series <- as.numeric(sunspot.month)
cut <- floor(0.8 * length(series))
windows <- function(x, every) t(sapply(seq(1, length(x) - 127, by = every), function(i) x[i + 0:127]))
train <- windows(series[1:cut], every = 2)
test <- windows(series[-(1:cut)], every = 8)
add_noise <- function(x) x + rnorm(length(x), sd = 20)
noisy_train <- add_noise(train)
noisy_test <- add_noise(test)
as_input <- function(x) array_reshape(x / 100, c(dim(x), 1))

model <- keras_model_sequential(input_shape = c(128, 1)) %>%
  layer_conv_1d(16, 9, strides = 2, padding = "same", activation = "relu") %>%
  layer_conv_1d(32, 9, strides = 2, padding = "same", activation = "relu") %>%
  layer_conv_1d_transpose(16, 9, strides = 2, padding = "same", activation = "relu") %>%
  layer_conv_1d_transpose(1, 9, strides = 2, padding = "same")
summary(model)

model %>% compile(optimizer = optimizer_adam(0.002), loss = "mse")
history <- model %>% fit(as_input(noisy_train), as_input(train), epochs = 20, batch_size = 32,
                         validation_data = list(as_input(noisy_test), as_input(test)))
rebuilt <- predict(model, as_input(noisy_test))[, , 1] * 100

# Two baselines, each with the width that is best on the training windows.
moving_average <- function(x, width) {
  t(apply(x, 1, function(row) sapply(seq_along(row), function(i) mean(row[abs(seq_along(row) - i) <= width %/% 2]))))
}
spline <- function(x, df) t(apply(x, 1, function(row) smooth.spline(row, df = df)$y))
rmse <- function(x, truth = test) sqrt(mean((x - truth)^2))
some <- seq(1, nrow(train), by = 10)
best <- function(smooth, choices) choices[which.min(sapply(choices, function(k) rmse(smooth(noisy_train[some, ], k), train[some, ])))]
width <- best(moving_average, seq(3, 21, by = 2))
df <- best(spline, seq(6, 60, by = 6))

cat("\nTest error (root mean square, sunspots):\n")
errors <- c(rmse(noisy_test), rmse(moving_average(noisy_test, width)), rmse(spline(noisy_test, df)), rmse(rebuilt))
names(errors) <- c("noisy", sprintf("moving average (%d months)", width), sprintf("smooth.spline (df = %d)", df), "autoencoder")
cat(sprintf("  %-26s %5.1f\n", names(errors), errors), sep = "")

# The picture: one test window, and the learning curve.
file <- c(commandArgs(trailingOnly = TRUE), "sunspots.png")[1]
png(file, width = 1000, height = 700, res = 110)
par(mfrow = c(2, 1), mar = c(4, 4, 2, 1))
window <- nrow(test) - 10
months <- time(sunspot.month)[cut + (window - 1) * 8 + 1:128]
matplot(months, cbind(noisy_test[window, ], test[window, ], rebuilt[window, ]), type = "l", lty = 1, lwd = c(1, 2, 2),
        col = c("grey70", "black", "firebrick"), xlab = "", ylab = "sunspots", main = "Monthly sunspot numbers, never seen in training")
legend("topright", c("noisy", "original", "rebuilt"), col = c("grey70", "black", "firebrick"), lwd = 2, bty = "n")
losses <- sqrt(cbind(history$metrics$loss, history$metrics$val_loss)) * 100
matplot(losses, type = "b", pch = c(1, 19), lty = 1, col = c("grey40", "firebrick"), xlab = "epoch", ylab = "error (RMSE)", main = "Learning")
legend("topright", c("training", "test"), col = c("grey40", "firebrick"), pch = c(1, 19), bty = "n")
invisible(dev.off())
cat("Picture:", file, "\n")
