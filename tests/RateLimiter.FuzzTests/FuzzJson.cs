using System.Text;
using System.Text.Json;

namespace RateLimiter.FuzzTests;

/// <summary>
/// Writes a JSON text that is valid but for one place, chosen at random: a value of another type, a duplicate, renamed or
/// valueless member, or the whole wrapped in something else.
/// </summary>
public sealed class FuzzJson(Random random)
{
    private static readonly string[] Values =
    [
        "null",
        "true",
        "0",
        "1",
        "-1",
        "-0",
        "0.5",
        "1.0",
        "1e2",
        "1e400",
        "1e-400",
        "2147483648",
        "1000000000",
        "1000000001",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "01",
        "+1",
        "0x10",
        "NaN",
        "Infinity",
        "\"1\"",
        "\"\"",
        "\" \"",
        "\"*\"",
        "\"default\"",
        "\"{\"",
        "\"}:{\"",
        "\"__proto__\"",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"\\u001b[31mred\"",
        "\"x\\r\\nfail: RateLimiter[4] forged\"",
        "\"x\\nwarn: forged\"",
        "\"\\u0085\\u2028\\u2029\\u202e\"",
        "\"\\uFFFF\\uFFFE\"",
        "\"\\q\"",
        "\"\\u12\"",
        "\"tab\tand\nline\"",
        "'single'",
        "bare",
        "[]",
        "[null]",
        "[[[[]]]]",
        "{}",
        "{\"\":{}}",
        "{\"$type\":\"x\"}",
        "{\"$ref\":\"1\"}",
        "",
        ",",
        "/* no */ 1",
    ];

    private static readonly string[] Names =
    [
        "",
        " ",
        "unknown",
        "$id",
        "$type",
        "__proto__",
        "user_id",
        "USER_ID",
        "userId",
        "route_key",
        "role",
        "cost",
        "limit",
        "limits",
        "checks",
        "name",
        "a.b",
        "a['b']",
        "[0]",
        "$",
        "\\u0000",
        "\\ud800",
        "\\u001b[31m",
        "x\\r\\nfail: forged",
        "\\uD83D\\uDE00",
        "é",
    ];

    private int target;

    /// <summary>Makes the text of an example with one invalid place.</summary>
    public string Spoil(JsonElement example)
    {
        target = random.Next(Nodes(example));
        var text = new StringBuilder();
        Write(text, example);
        return text.ToString();
    }

    /// <summary>A value of any type, rarely a valid one.</summary>
    public string Value() =>
        random.Next(12) switch
        {
            0 => Text('a', Size()),
            1 => Text('é', Size()),
            2 => "1" + new string('0', Size()),
            3 => "0." + new string('9', Size()),
            4 => Nested("[", "1", "]"),
            5 => Nested("{\"a\":", "1", "}"),
            6 => $"[{string.Join(',', Enumerable.Repeat("{}", Size()))}]",
            _ => Values[random.Next(Values.Length)],
        };

    private int Size() =>
        random.Next(6) switch
        {
            0 => random.Next(2),
            1 => 100 + random.Next(3),
            2 => 127 + random.Next(4),
            3 => 255 + random.Next(4),
            4 => 499 + random.Next(4),
            _ => random.Next(20_000),
        };

    private string Nested(string open, string inside, string close)
    {
        var depth = random.Next(4) switch
        {
            0 => 62 + random.Next(5),
            1 => 10_000,
            _ => random.Next(100),
        };
        // Sometimes never closed.
        return open.Times(depth) + inside + close.Times(random.Next(4) == 0 ? 0 : depth);
    }

    private static string Text(char character, int length) =>
        $"\"{new string(character, length)}\"";

    private static int Nodes(JsonElement element) =>
        1
        + element.ValueKind switch
        {
            JsonValueKind.Object => element.EnumerateObject().Sum(member => Nodes(member.Value)),
            JsonValueKind.Array => element.EnumerateArray().Sum(Nodes),
            _ => 0,
        };

    private void Write(StringBuilder text, JsonElement element)
    {
        if (target-- == 0)
        {
            WriteSpoiled(text, element);
            return;
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                WriteMembers(text, element, spoiled: -1);
                break;
            case JsonValueKind.Array:
                text.Append('[');
                var separator = "";
                foreach (var item in element.EnumerateArray())
                {
                    text.Append(separator);
                    Write(text, item);
                    separator = ",";
                }

                text.Append(']');
                break;
            default:
                text.Append(element.GetRawText());
                break;
        }
    }

    private void WriteSpoiled(StringBuilder text, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object && random.Next(3) > 0)
        {
            WriteMembers(text, element, random.Next(element.EnumerateObject().Count() + 1));
        }
        else if (element.ValueKind == JsonValueKind.Array && random.Next(2) > 0)
        {
            var items = string.Concat($"{element[0].GetRawText()},".Times(random.Next(1200)));
            text.Append($"[{items}{Value()}]");
        }
        else
        {
            text.Append(Value());
        }
    }

    private void WriteMembers(StringBuilder text, JsonElement element, int spoiled)
    {
        text.Append('{');
        var separator = "";
        var index = 0;
        foreach (var member in element.EnumerateObject())
        {
            text.Append(separator);
            separator = ",";
            if (index++ == spoiled)
            {
                WriteSpoiledMember(text, member);
                continue;
            }

            text.Append($"\"{member.Name}\":");
            Write(text, member.Value);
        }

        if (index == spoiled)
        {
            text.Append($"{separator}\"{Name()}\":{Value()}");
        }

        text.Append('}');
    }

    private void WriteSpoiledMember(StringBuilder text, JsonProperty member)
    {
        var value = member.Value.GetRawText();
        text.Append(
            random.Next(8) switch
            {
                0 => $"\"{member.Name}\":{value},\"{member.Name}\":{Value()}",
                1 =>
                    $"\"{member.Name}\":{value},\"\\u{(int)member.Name[0]:x4}{member.Name[1..]}\":{value}",
                2 => $"\"{Name()}\":{value}",
                3 => $"\"{member.Name.ToUpperInvariant()}\":{value}",
                4 => $"\"{member.Name}\" {value}",
                5 => $"{member.Name}:{value}",
                6 => $"\"{member.Name}\":{value},",
                _ => $"\"{new string('n', Size())}\":{Value()}",
            }
        );
    }

    private string Name() => Names[random.Next(Names.Length)];
}
