// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	typeTable     = "Microsoft.OperationalInsights/workspaces/tables"
	typeRule      = "Microsoft.Insights/dataCollectionRules"
	typeFunction  = "Microsoft.OperationalInsights/workspaces/savedSearches"
	typeWorkspace = "Microsoft.OperationalInsights/workspaces"

	streamName = "Custom-Oversight"
)

// template is azuredeploy.json.
type template struct {
	Parameters map[string]map[string]any
	Variables  map[string]string
	Resources  []resource
	Outputs    map[string]map[string]any

	all any
}

type resource struct {
	Type, APIVersion, Name string
	DependsOn              []string
	Properties             json.RawMessage
}

func unmarshal(t *testing.T, text string, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), into))
}

func readTemplate(t *testing.T) template {
	t.Helper()
	text := readFile(t, "azuredeploy.json")
	var tpl template
	unmarshal(t, text, &tpl)
	unmarshal(t, text, &tpl.all)
	return tpl
}

// one decodes the properties of the only resource of a type.
func (tpl template) one(t *testing.T, resourceType string, into any) {
	t.Helper()
	var found []resource
	for _, r := range tpl.Resources {
		if r.Type == resourceType {
			found = append(found, r)
		}
	}
	require.Len(t, found, 1, resourceType)
	unmarshal(t, string(found[0].Properties), into)
}

func (tpl template) table(t *testing.T) []column {
	t.Helper()
	var table struct{ Schema struct{ Columns []column } }
	tpl.one(t, typeTable, &table)
	return table.Schema.Columns
}

func (tpl template) stream(t *testing.T) []column {
	t.Helper()
	var rule struct {
		StreamDeclarations map[string]struct{ Columns []column }
	}
	tpl.one(t, typeRule, &rule)
	require.Len(t, rule.StreamDeclarations, 1)
	require.Contains(t, rule.StreamDeclarations, streamName)
	return rule.StreamDeclarations[streamName].Columns
}

// walk visits every text in a JSON value.
func walk(value any, visit func(string)) {
	switch value := value.(type) {
	case string:
		visit(value)
	case []any:
		for _, v := range value {
			walk(v, visit)
		}
	case map[string]any:
		for _, v := range value {
			walk(v, visit)
		}
	}
}

var (
	armText     = regexp.MustCompile(`'(?:[^']|'')*'`)
	armCall     = regexp.MustCompile(`(\w+)\(`)
	armRef      = regexp.MustCompile(`\b(parameters|variables)\('(\w+)'\)`)
	armResource = regexp.MustCompile(`\bresourceId\(`)
)

// resourceIDs returns the arguments of each resourceId in an expression.
func resourceIDs(expression string) [][]string {
	var calls [][]string
	for _, at := range armResource.FindAllStringIndex(expression, -1) {
		depth, end := 1, at[1]
		for ; depth > 0; end++ {
			switch expression[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
		}
		calls = append(calls, split(expression[at[1]:end-1], ','))
	}
	return calls
}

// identity is what a resource is called in a resourceId.
func (r resource) identity() string {
	name := strings.Trim(r.Name, "[]")
	if list, ok := strings.CutPrefix(name, "format('{0}/{1}', "); ok {
		name = strings.TrimSuffix(list, ")")
	}
	return "'" + r.Type + "', " + name
}

func TestTemplateExpressions(t *testing.T) {
	tpl := readTemplate(t)
	functions := []string{
		"empty", "format", "guid", "if", "not", "null", "parameters", "reference", "resourceGroup", "resourceId",
		"subscriptionResourceId", "variables",
	}
	var identities []string
	for _, r := range tpl.Resources {
		identities = append(identities, r.identity())
	}
	used := make(map[string]bool)
	walk(tpl.all, func(text string) {
		if !strings.HasPrefix(text, "[") {
			return
		}
		require.True(t, strings.HasSuffix(text, "]"), text)
		code := armText.ReplaceAllString(text, "''")
		assert.NotContains(t, strings.ReplaceAll(code, "''", ""), "'", text)
		for _, pair := range []string{"()", "[]"} {
			assert.Equal(t, strings.Count(code, pair[:1]), strings.Count(code, pair[1:]), "%s of %s", pair, text)
		}
		for _, call := range armCall.FindAllStringSubmatch(code, -1) {
			assert.Contains(t, functions, call[1], text)
		}
		for _, ref := range armRef.FindAllStringSubmatch(text, -1) {
			used[ref[1]+" "+ref[2]] = true
			if ref[1] == "parameters" {
				assert.Contains(t, tpl.Parameters, ref[2], text)
			} else {
				assert.Contains(t, tpl.Variables, ref[2], text)
			}
		}
		for _, arguments := range resourceIDs(text) {
			if strings.Contains(text, "subscriptionResourceId") || arguments[0] == "'"+typeWorkspace+"'" {
				continue
			}
			assert.Contains(t, identities, strings.Join(arguments, ", "), "no resource here is that of %s", text)
			assert.Len(t, arguments, 1+strings.Count(arguments[0], "/"), "names in %s", text)
		}
	})
	for name := range tpl.Parameters {
		assert.True(t, used["parameters "+name], "the parameter %s is not used", name)
	}
	for name := range tpl.Variables {
		assert.True(t, used["variables "+name], "the variable %s is not used", name)
	}
	for _, r := range tpl.Resources {
		for _, on := range r.DependsOn {
			require.Len(t, resourceIDs(on), 1, on)
		}
	}
}

// The rule takes the stream that the collector sends and fills the table.
func TestTemplateRule(t *testing.T) {
	tpl := readTemplate(t)
	var rule struct {
		DataFlows []struct {
			Streams, Destinations      []string
			TransformKql, OutputStream string
		}
		Destinations struct {
			LogAnalytics []struct{ Name, WorkspaceResourceID string }
		}
	}
	tpl.one(t, typeRule, &rule)
	require.Len(t, rule.DataFlows, 1)
	flow := rule.DataFlows[0]
	assert.Equal(t, []string{"[variables('streamName')]"}, flow.Streams)
	assert.Equal(t, "[format('Custom-{0}', variables('tableName'))]", flow.OutputStream)
	require.Len(t, rule.Destinations.LogAnalytics, 1)
	assert.Equal(t, []string{rule.Destinations.LogAnalytics[0].Name}, flow.Destinations)
	assert.Equal(t, streamName, tpl.Variables["streamName"])
	assert.Equal(t, "Oversight_CL", tpl.Variables["tableName"])
	assert.Equal(t, "3913510d-42f4-4e42-8a64-420c390055eb", tpl.Variables["monitoringMetricsPublisher"])

	q := parse(t, flow.TransformKql)
	require.NoError(t, q.check(names(tpl.stream(t))), flow.TransformKql)
	assert.True(t, strings.HasPrefix(flow.TransformKql, "source"))
	assert.Contains(t, readFile(t, "main.bicep"), "transformKql: '"+flow.TransformKql+"'")
}

func TestTemplateFunctions(t *testing.T) {
	bicep := readFile(t, "main.bicep")
	var aliases []string
	for _, r := range readTemplate(t).Resources {
		if r.Type != typeFunction {
			continue
		}
		var function struct{ FunctionAlias, FunctionParameters, Query string }
		unmarshal(t, string(r.Properties), &function)
		aliases = append(aliases, function.FunctionAlias)
		file := "parsers/" + function.FunctionAlias + ".kql"
		assert.Equal(t, readFile(t, file), function.Query, "azuredeploy.json has another text than %s", file)
		assert.Contains(t, bicep, "query: loadTextContent('"+file+"')")
		if function.FunctionParameters != "" {
			assert.Contains(t, bicep, "functionParameters: '"+function.FunctionParameters+"'")
			assert.Contains(t, function.Query, function.FunctionParameters, "the parameters are documented in %s", file)
		}
	}
	assert.ElementsMatch(t, []string{"Oversight", "OversightIntegrity", "OversightCheckpoints", "vimDnsOversight", "ASimDnsOversight"}, aliases)
}

var (
	bicepParameter = regexp.MustCompile(`(?m)^((?:@.*\n(?:(?:  .*|\]\))\n)*)+)param (\w+) (\w+)(?: = (.+))?$`)
	bicepDecorator = regexp.MustCompile(`(?s)@(\w+)\((.*?)\)\n`)
	bicepResource  = regexp.MustCompile(`(?m)^resource \w+ '([^'@]+)@([^']+)' =`)
	bicepOutput    = regexp.MustCompile(`(?m)^output (\w+) (\w+) =`)
	bicepVariable  = regexp.MustCompile(`(?m)^var (\w+) = '(.*)'$`)
)

// bicepLiteral is how Bicep writes a value of the template.
func bicepLiteral(value any) string {
	if text, ok := value.(string); ok {
		if expression, ok := strings.CutPrefix(text, "["); ok {
			return strings.TrimSuffix(expression, "]")
		}
		return "'" + strings.ReplaceAll(text, "'", `\'`) + "'"
	}
	literal, _ := json.Marshal(value)
	return string(literal)
}

func TestBicepSaysTheSame(t *testing.T) {
	bicep := readFile(t, "main.bicep")
	tpl := readTemplate(t)

	got := make(map[string]map[string]string)
	for _, match := range bicepParameter.FindAllStringSubmatch(bicep, -1) {
		p := map[string]string{"type": match[3]}
		if match[4] != "" {
			p["defaultValue"] = match[4]
		}
		for _, decorator := range bicepDecorator.FindAllStringSubmatch(match[1], -1) {
			p[decorator[1]] = strings.Join(strings.Fields(decorator[2]), " ")
		}
		got[match[2]] = p
	}
	want := make(map[string]map[string]string)
	for name, parameter := range tpl.Parameters {
		p := map[string]string{"type": parameter["type"].(string)}
		for key, value := range parameter {
			switch key {
			case "type":
			case "metadata":
				p["description"] = bicepLiteral(value.(map[string]any)["description"])
			case "allowedValues":
				var list []string
				for _, v := range value.([]any) {
					list = append(list, bicepLiteral(v))
				}
				p["allowed"] = "[ " + strings.Join(list, " ") + " ]"
			default:
				p[key] = bicepLiteral(value)
			}
		}
		want[name] = p
	}
	assert.Equal(t, want, got, "parameters")

	variables := make(map[string]string)
	for _, match := range bicepVariable.FindAllStringSubmatch(bicep, -1) {
		variables[match[1]] = match[2]
	}
	assert.Equal(t, tpl.Variables, variables, "variables")

	var resources []string
	for _, r := range tpl.Resources {
		resources = append(resources, r.Type+"@"+r.APIVersion)
	}
	var declared []string
	for _, match := range bicepResource.FindAllStringSubmatch(bicep, -1) {
		if match[1] != typeWorkspace { // exists
			declared = append(declared, match[1]+"@"+match[2])
		}
	}
	assert.Equal(t, resources, declared, "resources")

	outputs := make(map[string]string)
	for _, match := range bicepOutput.FindAllStringSubmatch(bicep, -1) {
		outputs[match[1]] = match[2]
	}
	require.Len(t, outputs, len(tpl.Outputs))
	for name, output := range tpl.Outputs {
		assert.Equal(t, output["type"], outputs[name], "output %s", name)
	}

	// What else is a text in a resource of the template is one in Bicep.
	for _, r := range tpl.Resources {
		var properties any
		unmarshal(t, string(r.Properties), &properties)
		walk(properties, func(text string) {
			if !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "//") {
				assert.Contains(t, bicep, bicepLiteral(text), "%s", r.Name)
			}
		})
	}
}

// The portal's form gives a value to each parameter, from an element that exists.
func TestForm(t *testing.T) {
	type element struct {
		Name, Type   string
		Constraints  struct{ Regex string }
		DefaultValue any
	}
	var form struct {
		Handler    string
		Parameters struct {
			Basics []element
			Steps  []struct {
				Name     string
				Elements []element
			}
			Outputs map[string]string
		}
	}
	text := readFile(t, "createUiDefinition.json")
	unmarshal(t, text, &form)
	assert.Equal(t, "Microsoft.Azure.CreateUIDef", form.Handler)

	tpl := readTemplate(t)
	var outputs, parameters []string
	for name := range form.Parameters.Outputs {
		outputs = append(outputs, name)
	}
	for name := range tpl.Parameters {
		parameters = append(parameters, name)
	}
	assert.ElementsMatch(t, parameters, outputs)

	elements := []string{"location()"}
	for _, e := range form.Parameters.Basics {
		elements = append(elements, "basics('"+e.Name+"')")
	}
	for _, step := range form.Parameters.Steps {
		for _, e := range step.Elements {
			elements = append(elements, "steps('"+step.Name+"')."+e.Name)
			if e.Constraints.Regex == "" {
				continue
			}
			valid, err := regexp.Compile(e.Constraints.Regex)
			require.NoError(t, err, e.Name)
			assert.Regexp(t, valid, e.DefaultValue, e.Name)
		}
	}
	used := regexp.MustCompile(`location\(\)|basics\('\w+'\)|steps\('\w+'\)\.\w+`)
	var all any
	unmarshal(t, text, &all)
	walk(all, func(text string) {
		if strings.HasPrefix(text, "[") {
			for _, name := range used.FindAllString(text, -1) {
				assert.Contains(t, elements, name, text)
			}
		}
	})
}
