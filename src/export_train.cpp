// The batch loop and its feed.
#include "glue.h"
#include <cerrno>
#include <cstdio>
#include <cstring>

#ifdef _WIN32
#include <io.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

#include "graph/interrupt.h"
#include "train/background.h"
#include "train/loop.h"

using namespace keratin;

namespace {

void ask_r(void*) { R_CheckUserInterrupt(); }
bool interrupt_pending() { return R_ToplevelExec(ask_r, nullptr) == FALSE; }

// 1-based in R; NULL or length zero: as the data lies.
std::vector<std::int64_t> order_from(SEXP order) {
  std::vector<std::int64_t> rows;
  if (Rf_isNull(order)) return rows;
  Rcpp::NumericVector numbers(order);
  rows.reserve(static_cast<std::size_t>(numbers.size()));
  for (double row : numbers) rows.push_back(static_cast<std::int64_t>(row) - 1);
  return rows;
}

LoopRequest request_from(double first, double last, double batch_size, double seconds) {
  LoopRequest request;
  request.first = static_cast<std::int64_t>(first);
  request.last = static_cast<std::int64_t>(last);
  request.batch_size = static_cast<std::int64_t>(batch_size);
  request.seconds = seconds;
  request.interrupt_pending = interrupt_pending;
  return request;
}

Rcpp::List wrap_tensors(const Tensors& tensors) {
  Rcpp::List out(static_cast<R_xlen_t>(tensors.size()));
  for (std::size_t i = 0; i < tensors.size(); ++i) out[static_cast<R_xlen_t>(i)] = wrap_tensor(constant(tensors[i]));
  return out;
}

Tensors tensors_from(const Rcpp::List& values) {
  Tensors tensors;
  for (R_xlen_t i = 0; i < values.size(); ++i) tensors.push_back(value_from(values[i])->tensor);
  return tensors;
}

}  // namespace

// [[Rcpp::export(rng = false)]]
SEXP feed_create(Rcpp::List data, SEXP order) {
  return guarded([&]() -> SEXP { return wrap_pointer(new Feed(tensors_from(data), order_from(order)), "feed"); });
}

// [[Rcpp::export(rng = false)]]
void feed_reorder(SEXP feed, SEXP order) {
  guarded([&]() -> SEXP {
    behind<Feed>(feed, "feed").set_order(order_from(order));
    return R_NilValue;
  });
}

// One batch (0-based) as tensors of its own.
// [[Rcpp::export(rng = false)]]
SEXP feed_batch(SEXP feed, double begin, double size) {
  return guarded([&]() -> SEXP {
    Tensors out;
    for (const Tensor& tensor : behind<Feed>(feed, "feed").batch(static_cast<std::int64_t>(begin), static_cast<std::int64_t>(size))) {
      Tensor copy(tensor.dtype(), tensor.shape());
      std::memcpy(copy.raw(), tensor.raw(), tensor.bytes());
      out.push_back(copy);
    }
    return wrap_tensors(out);
  });
}

// Runs batches [first, last) (0-based); returns early after `seconds` or on an interrupt.
// [[Rcpp::export(rng = false)]]
SEXP loop_run(SEXP feed, SEXP whole, SEXP rest, double first, double last, double batch_size, double seconds) {
  return guarded([&]() -> SEXP {
    const LoopRequest request = request_from(first, last, batch_size, seconds);
    Program* smaller = Rf_isNull(rest) ? nullptr : &behind<Program>(rest, "program");
    wait_for_background();
    const LoopResult result = run_batches(behind<Feed>(feed, "feed"), behind<Program>(whole, "program"), smaller, request);
    return Rcpp::List::create(Rcpp::Named("next") = static_cast<double>(result.next), Rcpp::Named("interrupted") = result.interrupted,
                              Rcpp::Named("outputs") = wrap_tensors(result.outputs));
  });
}

// Tensors for the outputs of `samples` samples, which the loop writes into.
// [[Rcpp::export(rng = false)]]
SEXP loop_outputs(SEXP whole, double samples) {
  return guarded([&]() -> SEXP {
    Tensors outputs;
    for (const TensorType& type : behind<Program>(whole, "program").output_types()) {
      Shape shape = type.shape;
      if (shape.rank() == 0) fail_shape("predict() takes outputs with one row per sample. The model gave a single number.");
      shape[0] = static_cast<std::int64_t>(samples);
      outputs.emplace_back(type.dtype, shape);
    }
    return wrap_tensors(outputs);
  });
}

// Runs batches [first, last) and writes their outputs into `outputs` (of loop_outputs(), nobody else's).
// [[Rcpp::export(rng = false)]]
SEXP loop_predict(SEXP feed, SEXP whole, SEXP rest, Rcpp::List outputs, double first, double last, double batch_size, double seconds) {
  return guarded([&]() -> SEXP {
    wait_for_background();
    Tensors collected = tensors_from(outputs);
    LoopRequest request = request_from(first, last, batch_size, seconds);
    request.collect = &collected;
    Program* smaller = Rf_isNull(rest) ? nullptr : &behind<Program>(rest, "program");
    const LoopResult result = run_batches(behind<Feed>(feed, "feed"), behind<Program>(whole, "program"), smaller, request);
    return Rcpp::List::create(Rcpp::Named("next") = static_cast<double>(result.next), Rcpp::Named("interrupted") = result.interrupted);
  });
}

// Starts a run of a program while R goes on; program_finish() gives its results.
// [[Rcpp::export(rng = false)]]
SEXP program_start(SEXP program, Rcpp::List inputs) {
  return guarded([&]() -> SEXP {
    SEXP handle = PROTECT(wrap_pointer(new BackgroundRun(behind<Program>(program, "program"), tensors_from(inputs)), "background run"));
    R_SetExternalPtrProtected(handle, program);
    UNPROTECT(1);
    return handle;
  });
}

// An interrupt while waiting stops the run; its variables are then as they were.
// [[Rcpp::export(rng = false)]]
SEXP program_finish(SEXP handle) {
  return guarded([&]() -> SEXP {
    BackgroundRun& run = behind<BackgroundRun>(handle, "background run");
    while (!run.wait_for(0.05))
      if (interrupt_pending()) run.stop();
    return wrap_tensors(run.results());
  });
}

// For a run whose results nobody wants any more.
// [[Rcpp::export(rng = false)]]
void program_abandon(SEXP handle) {
  guarded([&]() -> SEXP {
    BackgroundRun& run = behind<BackgroundRun>(handle, "background run");
    run.stop();
    run.wait_for(1e9);
    return R_NilValue;
  });
}

// Lets R stop long runs of programs (see Program::run).
// [[Rcpp::export(rng = false)]]
void connect_interrupts() { set_interrupt_source(interrupt_pending); }

// Which op made a value that is being recorded or traced: list(op, inputs); NULL for anything else.
// [[Rcpp::export(rng = false)]]
SEXP producer_of(SEXP value) {
  return guarded([&]() -> SEXP {
    const Value known = value_from(value);
    if (!known->producer) return R_NilValue;
    Rcpp::List inputs(static_cast<R_xlen_t>(known->producer->inputs.size()));
    for (R_xlen_t i = 0; i < inputs.size(); ++i) inputs[i] = wrap_tensor(known->producer->inputs[static_cast<std::size_t>(i)]);
    return Rcpp::List::create(Rcpp::Named("op") = std::string(known->producer->op->name()), Rcpp::Named("inputs") = inputs);
  });
}

// Where an object lies: the identity of environments (variables) within a session.
// [[Rcpp::export(rng = false)]]
std::string object_address(SEXP object) {
  char text[32];
  std::snprintf(text, sizeof text, "%p", static_cast<void*>(object));
  return text;
}

// Waits until a file's content is on the disk.
// [[Rcpp::export(rng = false)]]
SEXP file_sync(std::string path) {
  return guarded([&]() -> SEXP {
#ifdef _WIN32
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    const bool synced = file && _commit(_fileno(file)) == 0;
    if (file) std::fclose(file);
#else
    const int file = open(path.c_str(), O_RDONLY);
    const bool synced = file >= 0 && (fsync(file) == 0 || errno == EINVAL || errno == ENOTSUP);   // not every file system has it
    if (file >= 0) close(file);
#endif
    if (!synced) throw Error(ErrorKind::file, text("\"", path, "\" could not be written to the disk."));
    return R_NilValue;
  });
}
