// What the model files need from C++: checksums, the wire formats of TensorFlow and ONNX, and arrays straight from a file's bytes.
#include <cstdio>
#include <memory>

#include "core/checksum.h"
#include "core/hdf5.h"
#include "core/hdf5_write.h"
#include "core/wire.h"
#include "glue.h"

using namespace keratin;

namespace {
ByteView view_of(const Rcpp::RawVector& bytes) { return {RAW(bytes), static_cast<std::size_t>(bytes.size())}; }
Rcpp::RawVector raw_from(const void* bytes, std::size_t size) {
  Rcpp::RawVector out(static_cast<R_xlen_t>(size));
  if (size) std::memcpy(RAW(out), bytes, size);
  return out;
}
// Arrays in files have the sizes that were checked before; here they are only counted.
Shape shape_from(const Rcpp::NumericVector& sizes) {
  Shape shape;
  for (const double size : sizes) shape.append(static_cast<std::int64_t>(size));
  return shape;
}
}  // namespace

// CRC-32, the checksum of zip archives.
// [[Rcpp::export(rng = false)]]
double crc32(Rcpp::RawVector bytes) { return crc32_of(RAW(bytes), static_cast<std::size_t>(bytes.size())); }

// CRC-32C of the vectors one after the other, masked as TensorFlow does.
// [[Rcpp::export(rng = false)]]
double masked_crc32c(Rcpp::List parts) {
  std::uint32_t crc = 0;
  for (R_xlen_t i = 0; i < parts.size(); ++i) {
    const Rcpp::RawVector bytes(parts[i]);
    crc = crc32c_of(RAW(bytes), static_cast<std::size_t>(bytes.size()), crc);
  }
  return masked(crc);
}

// The fields of a protocol buffer message: list(id =, value =), numbers as doubles, all else as raw vectors.
// [[Rcpp::export(rng = false)]]
SEXP wire_read(Rcpp::RawVector message) {
  return guarded([&]() -> SEXP {
    const std::vector<WireField> fields = wire_fields(view_of(message));
    Rcpp::IntegerVector id(static_cast<R_xlen_t>(fields.size()));
    Rcpp::List value(static_cast<R_xlen_t>(fields.size()));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const R_xlen_t at = static_cast<R_xlen_t>(i);
      id[at] = static_cast<int>(fields[i].id);
      if (fields[i].type == 2) value[at] = raw_from(fields[i].bytes.data, fields[i].bytes.size);
      else value[at] = Rf_ScalarReal(static_cast<double>(static_cast<std::int64_t>(fields[i].number)));
    }
    return Rcpp::List::create(Rcpp::Named("id") = id, Rcpp::Named("value") = value);
  });
}

// A sorted table as a list of raw vectors, named by their keys.
// [[Rcpp::export(rng = false)]]
SEXP table_read(Rcpp::RawVector file) {
  return guarded([&]() -> SEXP {
    const TableEntries entries = read_table(view_of(file));
    Rcpp::List values(static_cast<R_xlen_t>(entries.size()));
    Rcpp::CharacterVector names(static_cast<R_xlen_t>(entries.size()));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const R_xlen_t at = static_cast<R_xlen_t>(i);
      if (entries[i].first.find('\0') != std::string::npos)
        throw Error(ErrorKind::file, "the checkpoint's index is damaged: a key holds a zero byte.");
      names[at] = Rf_mkCharLenCE(entries[i].first.data(), static_cast<int>(entries[i].first.size()), CE_UTF8);
      values[at] = raw_from(entries[i].second.data(), entries[i].second.size());
    }
    values.names() = names;
    return values;
  });
}

// [[Rcpp::export(rng = false)]]
SEXP table_write(Rcpp::CharacterVector keys, Rcpp::List values) {
  return guarded([&]() -> SEXP {
    if (keys.size() != values.size()) fail_argument(keys.size(), " keys go with as many values. Received: ", values.size(), ".");
    TableEntries entries;
    for (R_xlen_t i = 0; i < keys.size(); ++i) {
      const Rcpp::RawVector value(values[i]);
      entries.emplace_back(Rcpp::as<std::string>(keys[i]),
                           std::string(reinterpret_cast<const char*>(RAW(value)), static_cast<std::size_t>(value.size())));
    }
    const std::string file = write_table(entries);
    return raw_from(file.data(), file.size());
  });
}

// The bytes of a tensor or variable, row-major.
// [[Rcpp::export(rng = false)]]
SEXP tensor_bytes(SEXP x) {
  return guarded([&]() -> SEXP {
    const Value value = is_variable(x) ? read(variable_from(x)) : value_from(x);
    if (value->is_symbolic()) fail_argument("this tensor is part of a trace and has no value.");
    return raw_from(value->tensor.raw(), value->tensor.bytes());
  });
}

// An array of numbers from `offset` on in a file, read without a copy in between. A short file is an error.
// [[Rcpp::export(rng = false)]]
SEXP tensor_from_file(std::string path, double offset, std::string dtype, Rcpp::NumericVector sizes) {
  return guarded([&]() -> SEXP {
    const DType type = dtype_from_name(dtype);
    if (type == DType::string) fail_argument("arrays of text are not read from a file's bytes.");
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    if (!file) throw Error(ErrorKind::file, text("cannot open \"", path, "\"."));
    std::setvbuf(file.get(), nullptr, _IONBF, 0);
#ifdef _WIN32
    const auto move = [&](double to, int from) { return _fseeki64(file.get(), static_cast<std::int64_t>(to), from); };
    const auto place = [&] { return _ftelli64(file.get()); };
#else
    const auto move = [&](double to, int from) { return fseeko(file.get(), static_cast<off_t>(to), from); };
    const auto place = [&] { return ftello(file.get()); };
#endif
    double wanted = static_cast<double>(size_of(type));
    for (const double size : sizes) wanted *= size;
    if (move(0, SEEK_END) != 0 || !(offset >= 0) || !(wanted >= 0) || offset + wanted > static_cast<double>(place()) || move(offset, SEEK_SET) != 0)
      throw Error(ErrorKind::file, text("\"", path, "\" is cut short: an array of ", wanted, " bytes at ", offset, " is not there."));
    const Tensor tensor(type, shape_from(sizes));
    if (std::fread(tensor.raw(), 1, tensor.bytes(), file.get()) != tensor.bytes()) throw Error(ErrorKind::file, text("cannot read \"", path, "\"."));
    return wrap_tensor(constant(tensor));
  });
}

// What lies where in a plain HDF5 file (core/hdf5.h), or NULL.
// [[Rcpp::export(rng = false)]]
SEXP hdf5_plain_index(std::string path) {
  return guarded([&]() -> SEXP {
    std::vector<Hdf5Object> objects;
    if (!hdf5_index(path, objects)) return R_NilValue;
    const auto text = [](const std::string& s) { return Rf_mkCharLenCE(s.data(), static_cast<int>(s.size()), CE_UTF8); };
    const R_xlen_t n = static_cast<R_xlen_t>(objects.size());
    Rcpp::CharacterVector paths(n), dtypes(n);
    Rcpp::NumericVector offsets(n);
    Rcpp::List sizes(n), texts(n);
    for (R_xlen_t i = 0; i < n; ++i) {
      const Hdf5Object& object = objects[static_cast<std::size_t>(i)];
      paths[i] = text(object.path);
      dtypes[i] = object.is_dataset ? text(object.dtype) : NA_STRING;
      offsets[i] = static_cast<double>(object.offset);
      sizes[i] = Rcpp::NumericVector(object.sizes.begin(), object.sizes.end());
      Rcpp::List attributes(static_cast<R_xlen_t>(object.texts.size()));
      Rcpp::CharacterVector names(attributes.size());
      for (R_xlen_t k = 0; k < attributes.size(); ++k) {
        const auto& attribute = object.texts[static_cast<std::size_t>(k)];
        names[k] = text(attribute.first);
        Rcpp::CharacterVector values(static_cast<R_xlen_t>(attribute.second.size()));
        for (R_xlen_t j = 0; j < values.size(); ++j) values[j] = text(attribute.second[static_cast<std::size_t>(j)]);
        attributes[k] = values;
      }
      attributes.names() = names;
      texts[i] = attributes;
    }
    return Rcpp::List::create(Rcpp::Named("path") = paths, Rcpp::Named("dtype") = dtypes, Rcpp::Named("offset") = offsets,
                              Rcpp::Named("sizes") = sizes, Rcpp::Named("texts") = texts);
  });
}

// Writes an HDF5 file (core/hdf5_write.h). `objects`: lists of path, value (NULL, or a tensor or variable) and texts, by name; I() marks a
// text that stands alone.
// [[Rcpp::export(rng = false)]]
SEXP hdf5_write(std::string path, Rcpp::List objects) {
  return guarded([&]() -> SEXP {
    std::vector<Hdf5Piece> pieces;
    std::vector<Value> kept;   // until they are written
    for (R_xlen_t i = 0; i < objects.size(); ++i) {
      const Rcpp::List object(objects[i]);
      Hdf5Piece piece;
      piece.path = Rcpp::as<std::string>(object["path"]);
      const SEXP x = object["value"];
      if (!Rf_isNull(x)) {
        const Value value = is_variable(x) ? read(variable_from(x)) : value_from(x);
        if (value->is_symbolic()) fail_argument("this tensor is part of a trace and has no value.");
        const DType dtype = value->tensor.dtype();
        piece.dtype = dtype == DType::boolean ? "int8" : name_of(dtype);
        piece.sizes = value->tensor.shape().sizes();
        piece.data = value->tensor.raw();
        kept.push_back(value);
      }
      const Rcpp::List texts(object["texts"]);
      const Rcpp::CharacterVector names(texts.size() ? Rcpp::as<Rcpp::CharacterVector>(texts.names()) : Rcpp::CharacterVector());
      for (R_xlen_t k = 0; k < texts.size(); ++k) {
        Hdf5Text text;
        text.name = Rcpp::as<std::string>(names[k]);
        text.scalar = Rf_inherits(texts[k], "AsIs");
        const Rcpp::CharacterVector values(texts[k]);
        for (R_xlen_t j = 0; j < values.size(); ++j) text.values.emplace_back(CHAR(values[j]));
        piece.texts.push_back(text);
      }
      pieces.push_back(piece);
    }
    write_hdf5(path, pieces);
    return R_NilValue;
  });
}
