// The two protocols of Prisma's engine: clients for Python speak GraphQL, the WebAssembly engine JSON.
"use strict"
const { parse } = require("graphql")

const ACTIONS = [
  ...["findUnique", "findFirst", "findMany", "createOne", "createManyAndReturn", "createMany", "updateOne", "updateMany"],
  ...["deleteOne", "deleteMany", "upsertOne", "aggregate", "groupBy"],
]
const OPERATORS = new Set(["set", "equals", "not"])

// Which fields of which model hold JSON. In GraphQL their values are strings; in JSON they are marked by a type.
class JsonFields {
  constructor(datamodel) {
    const models = [...datamodel.matchAll(/^model (\w+) \{([\s\S]*?)^\}/gm)]
    this.of = new Map(models.map(([, name, body]) => [name, new Set([...body.matchAll(/^\s+(\w+)\s+Json\b/gm)].map(([, field]) => field))]))
  }

  mark(value, model, isJson = false) {
    if (Array.isArray(value)) return value.map(one => this.mark(one, model, isJson))
    if (typeof value === "string" && isJson) return { $type: "Json", value }
    if (value === null || typeof value !== "object" || value.$type) return value
    const names = this.of.get(model) || new Set()
    const holdsJson = name => names.has(name) || (isJson && OPERATORS.has(name))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.mark(one, model, holdsJson(name))]))
  }
}

const VALUES = {
  ObjectValue: node => Object.fromEntries(node.fields.map(field => [field.name.value, valueOf(field.value)])),
  ListValue: node => node.values.map(valueOf),
  IntValue: node => (Number.isSafeInteger(Number(node.value)) ? Number(node.value) : { $type: "BigInt", value: node.value }),
  FloatValue: node => Number(node.value),
  NullValue: () => null,
}

function valueOf(node) {
  return (VALUES[node.kind] || (one => one.value))(node)
}

function argumentsOf(field) {
  return Object.fromEntries((field.arguments || []).map(one => [one.name.value, valueOf(one.value)]))
}

function selectionOf(set) {
  return Object.fromEntries((set?.selections || []).map(field => [field.name.value, selected(field)]))
}

function selected(field) {
  const isPlain = !field.selectionSet && !field.arguments?.length
  return isPlain || { arguments: argumentsOf(field), selection: selectionOf(field.selectionSet) }
}

// Returns { alias, query }: what the result is called, and the query in JSON.
function toJsonProtocol(graphql, fields) {
  const field = parse(graphql, { noLocation: true }).definitions[0].selectionSet.selections[0]
  const name = field.name.value
  const alias = field.alias ? field.alias.value : name
  const query = { arguments: argumentsOf(field), selection: selectionOf(field.selectionSet) }
  if (name === "queryRaw" || name === "executeRaw") return { alias, query: { action: name, query: withKnownTypes(query) } }
  const action = ACTIONS.find(one => name.startsWith(one))
  const [, modelName, orThrow = ""] = name.slice(action.length).match(/^(.*?)(OrThrow)?$/)
  query.arguments = fields.mark(query.arguments, modelName)
  return { alias, query: { modelName, action: action + orThrow, query } }
}

// Postgres' name[] is a type that the adapter doesn't know: LiteLLM collects the names of views at its start.
function withKnownTypes(query) {
  const text = query.arguments.query
  if (text) query.arguments.query = text.replace(/ARRAY_AGG\((\w*name)\)/gi, "ARRAY_AGG($1::text)")
  return query
}

// The engine's result as the native one gives it by GraphQL: values without their types, and JSON as values.
function plainResult(found, alias) {
  if (found.errors) return { errors: found.errors }
  const [data] = Object.values(found.data)
  return { data: { [alias]: plain(data?.types && data.rows ? withJsonColumns(data) : data) } }
}

function withJsonColumns(table) {
  const isJson = table.types.map(type => type === "json")
  const rows = table.rows.map(row => row.map((one, at) => (isJson[at] && typeof one === "string" ? JSON.parse(one) : one)))
  return { ...table, rows }
}

function plain(value) {
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== "object") return value
  if ("$type" in value && "value" in value) return value.$type === "Raw" ? plain(value.value) : value.value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}

module.exports = { JsonFields, plainResult, toJsonProtocol }
