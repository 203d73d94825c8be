# SPDX-License-Identifier: MIT
# Rows (one a line, on standard input) against a JSON schema, of the part of draft 2020-12 that
# rows.schema.json of collector/commands/rows uses; a keyword beyond that is an error. Prints what is wrong.
# Stricter than the standard: a member that the schema does not describe is wrong, too.
#
#	jq -rn --slurpfile schema SCHEMA -f schema.jq

def kind: if type == "number" and . == floor then "integer" else type end;

# What is wrong with the value `.` by schema $s, each as a sentence; $at: where it is.
def wrong($s; $at):
	. as $v |
	($s | keys - ["$schema", "$defs", "$ref", "title", "description", "oneOf", "type", "const", "enum",
		"minimum", "required", "properties", "patternProperties"] | .[] | "\($at): the checker does not know \(.)"),
	(if $s["$ref"] then wrong($schema[0]["$defs"][$s["$ref"] | ltrimstr("#/$defs/")]; $at) else empty end),
	(if $s.oneOf then
		[$s.oneOf[] as $one | [wrong($one; $at)]] |
		if map(select(. == [])) | length == 1 then empty else min_by(length)[] end
	else empty end),
	(if $s.type and ([$s.type] | flatten |
		any(.[]; . == ($v | type) or (. == "integer" and ($v | kind) == "integer")) | not)
	then "\($at): \($v | tojson) is no \($s.type)" else empty end),
	(if ($s | has("const")) and $s.const != $v then "\($at): \($v | tojson) is not \($s.const)" else empty end),
	(if $s.enum and ($s.enum | index([$v]) | not) then "\($at): \($v | tojson) is none of \($s.enum)" else empty end),
	(if $s.minimum and ($v | type) == "number" and $v < $s.minimum then "\($at): \($v) < \($s.minimum)" else empty end),
	(if $s.properties and ($v | type) == "object" then
		($s.required - ($v | keys) | .[] | "\($at): there is no \(.)"),
		($v | keys - ($s.properties | keys) | .[] | . as $k |
			[$s.patternProperties // {} | to_entries[] | .key as $pattern |
				select($k | test($pattern)) | .value] |
			if . == [] then "\($at): \($k) is not described"
			else .[] as $p | $v[$k] | wrong($p; "\($at).\($k)") end),
		($v | keys[] | select($s.properties[.]) | . as $k | $v[$k] | wrong($s.properties[$k]; "\($at).\($k)"))
	else empty end);

foreach inputs as $row (0; . + 1; . as $line | $row | wrong($schema[0]; "row \($line)"))
