// Ops and gradients as R calls them.
#include <unordered_map>

#include "glue.h"

using namespace keratin;

namespace {

// Type, name and bytes of every attribute; false where one is not a plain vector (attributes_from() will say so).
bool append_key(std::string& key, SEXP attributes) {
  SEXP names = Rf_getAttrib(attributes, R_NamesSymbol);
  if (TYPEOF(attributes) != VECSXP || TYPEOF(names) != STRSXP) return false;
  for (R_xlen_t i = 0; i < Rf_xlength(attributes); ++i) {
    SEXP x = VECTOR_ELT(attributes, i);
    if (x == R_NilValue) continue;
    const R_xlen_t n = Rf_xlength(x);
    key += '\n';
    key += CHAR(STRING_ELT(names, i));
    key += '\0';
    key += static_cast<char>(TYPEOF(x));
    key.append(reinterpret_cast<const char*>(&n), sizeof n);
    switch (TYPEOF(x)) {
      case REALSXP: key.append(reinterpret_cast<const char*>(REAL(x)), sizeof(double) * static_cast<std::size_t>(n)); break;
      case INTSXP: key.append(reinterpret_cast<const char*>(INTEGER(x)), sizeof(int) * static_cast<std::size_t>(n)); break;
      case LGLSXP: key.append(reinterpret_cast<const char*>(LOGICAL(x)), sizeof(int) * static_cast<std::size_t>(n)); break;
      case STRSXP:
        for (R_xlen_t k = 0; k < n; ++k) (key += Rf_translateCharUTF8(STRING_ELT(x, k))) += '\0';
        break;
      default: return false;
    }
  }
  return key.size() < 1000;
}

// Ops are made once for each name and setting, as long as there are not too many of them: reading attributes takes longer than a small op.
OpPtr known_op(SEXP name, SEXP attributes) {
  constexpr std::size_t most = 4096;
  static auto* known = new std::unordered_map<std::string, OpPtr>;
  static auto* key = new std::string;
  key->assign(CHAR(name));
  if (Rf_xlength(attributes) > 0 && !append_key(*key, attributes)) return make_op(CHAR(name), attributes_from(attributes));
  auto found = known->find(*key);
  if (found != known->end()) return found->second;
  OpPtr op = make_op(CHAR(name), attributes_from(attributes));
  if (known->size() >= most) known->clear();
  if (op->may_be_shared()) known->emplace(*key, op);
  return op;
}

}  // namespace

// One tensor, a list of them (several outputs), or NULL if an input is a symbolic Keras tensor or a list, which R deals with. Every eager op comes
// through here, so it spends nothing on wrappers: `name` a string, `inputs` a list, `attributes` a named list or NULL.
// [[Rcpp::export(rng = false)]]
SEXP op_apply(SEXP name, SEXP inputs, SEXP attributes) {
  return guarded([&]() -> SEXP {
    if (TYPEOF(inputs) != VECSXP) fail_argument("an op's inputs are a list.");
    if (has_keras_tensor(inputs) || has_list(inputs)) return R_NilValue;
    if (TYPEOF(name) != STRSXP || Rf_length(name) != 1) fail_argument("an op's name is one string.");
    const OpPtr op = known_op(STRING_ELT(name, 0), attributes);
    const Values outputs = keratin::apply(op, values_from(inputs));
    if (outputs.size() == 1) return wrap_tensor(outputs[0]);
    Rcpp::Shield<SEXP> list(Rf_allocVector(VECSXP, static_cast<R_xlen_t>(outputs.size())));
    for (std::size_t i = 0; i < outputs.size(); ++i) SET_VECTOR_ELT(list, static_cast<R_xlen_t>(i), wrap_tensor(outputs[i]));
    return list;
  });
}

// [[Rcpp::export(rng = false)]]
Rcpp::CharacterVector op_names() { return Rcpp::wrap(registered_ops()); }

// d target / d source: a list of tensors, NULL where there is no path. Sources: tensors and variables.
// [[Rcpp::export(rng = false)]]
SEXP op_gradients_call(SEXP target, Rcpp::List sources, SEXP upstream) {
  return guarded([&]() -> SEXP {
    Values values;
    std::vector<VariablePtr> variables;
    Value goal;
    for (R_xlen_t i = 0; i < sources.size(); ++i) {
      SEXP x = sources[i];
      if (is_variable(x)) variables.push_back(variable_from(x));
      else if (is_tensor(x)) values.push_back(value_from(x));
      else fail_argument("source ", i + 1, " of a gradient is neither a tensor nor a variable.");
      if (x == target && is_tensor(x) && !is_variable(x)) goal = values.back();  // a small value is another one each time it is read
    }
    if (!goal) goal = value_from(target);
    const Value seed = upstream == R_NilValue ? nullptr : value_from(upstream, &goal->type);
    if (seed && !(seed->type == goal->type))
      fail_shape("the upstream gradient is ", name_of(seed->type.dtype), " of shape ", seed->type.shape, ", the target ", name_of(goal->type.dtype),
                 " of shape ", goal->type.shape, ".");
    const Values found = gradients(goal, values, variables, seed);
    Rcpp::List out(sources.size());
    std::size_t next_value = 0, next_variable = values.size();
    for (R_xlen_t i = 0; i < sources.size(); ++i) {
      const Value& gradient = is_variable(sources[i]) ? found[next_variable++] : found[next_value++];
      if (gradient) out[i] = wrap_tensor(gradient);
    }
    return out;
  });
}

// [[Rcpp::export(rng = false)]]
void recording_begin() { begin_recording(); }
// [[Rcpp::export(rng = false)]]
void recording_end() { end_recording(); }
// [[Rcpp::export(rng = false)]]
bool recording_is_on() { return is_recording(); }
