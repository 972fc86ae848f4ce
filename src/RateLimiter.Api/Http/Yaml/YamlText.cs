using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RateLimiter.Api.Http.Yaml;

/// <summary>
/// Converts YAML into JSON and back, so that documents have one reader with one set of rules. Plain scalars have the meaning
/// of the YAML 1.2 core schema; what JSON cannot represent is rejected.
/// </summary>
internal static partial class YamlText
{
    private const int MaxDepth = 16;
    private const string Invalid = "is not valid YAML";

    // YAML allows none of them. The library treats the first as the end of the text.
    private static readonly SearchValues<char> ControlCharacters = SearchValues.Create([
        .. Enumerable
            .Range(0, 0xA0)
            .Select(code => (char)code)
            .Where(char.IsControl)
            .Except("\n\r\t\u0085"),
    ]);

    private static readonly JsonWriterOptions Unchecked = new() { SkipValidation = true };

    private static readonly EmitterSettings Unfolded = EmitterSettings.Default.WithBestWidth(
        int.MaxValue
    );

    /// <summary>The next expected node of a mapping or sequence.</summary>
    private enum Next
    {
        Item,
        Name,
        Value,
    }

    /// <summary>Writes a YAML document as JSON; nothing when there is no document.</summary>
    /// <exception cref="YamlTextException">The text is not YAML, or holds more than JSON can represent.</exception>
    public static void Read(string yaml, IBufferWriter<byte> json)
    {
        if (yaml.AsSpan().ContainsAny(ControlCharacters))
        {
            throw new YamlTextException("must not have control characters");
        }

        using var writer = new Utf8JsonWriter(json, Unchecked);
        var levels = new Stack<Next>();
        var hasDocument = false;
        foreach (var found in Events(yaml))
        {
            switch (found)
            {
                case DocumentStart when hasDocument:
                    throw Error(found, "must be a single document");
                case DocumentStart { Version.Version: not { Major: 1, Minor: 2 } }:
                    throw Error(found, "must be YAML 1.2");
                case DocumentStart:
                    hasDocument = true;
                    break;
                case AnchorAlias:
                    throw Error(found, "must not have anchors and aliases");
                case NodeEvent node:
                    Write(writer, node, levels);
                    break;
                // The library ignores a value that it does not understand at the end of the text.
                case MappingEnd when levels.Pop() == Next.Value:
                    throw Error(found, Invalid);
                case MappingEnd:
                    writer.WriteEndObject();
                    Advance(levels);
                    break;
                case SequenceEnd:
                    writer.WriteEndArray();
                    levels.Pop();
                    Advance(levels);
                    break;
            }
        }
    }

    /// <summary>Writes JSON as YAML, from which <see cref="Read"/> makes the same JSON.</summary>
    public static byte[] Write(JsonElement json)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(text, Unfolded);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart());
        Write(emitter, json);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static IEnumerable<ParsingEvent> Events(string yaml)
    {
        var parser = new Parser(new StringReader(yaml));
        while (MoveNext(parser))
        {
            yield return parser.Current!;
        }
    }

    private static bool MoveNext(Parser parser)
    {
        try
        {
            return parser.MoveNext();
        }
        catch (YamlException exception)
        {
            throw Error(exception.Start, Invalid);
        }
        // What the library throws at errors that it did not expect, such as escapes of invalid characters.
        catch (Exception exception)
            when (exception is ArgumentException or InvalidOperationException)
        {
            throw Error(parser.Current?.End ?? Mark.Empty, Invalid);
        }
    }

    private static void Write(Utf8JsonWriter json, NodeEvent node, Stack<Next> levels)
    {
        if (!node.Anchor.IsEmpty)
        {
            throw Error(node, "must not have anchors and aliases");
        }

        if (!node.Tag.IsEmpty)
        {
            throw Error(node, "must not have tags");
        }

        var isName = levels.TryPeek(out var next) && next == Next.Name;
        switch (node)
        {
            case Scalar scalar when isName:
                json.WritePropertyName(scalar.Value);
                Advance(levels);
                break;
            case Scalar scalar:
                Write(json, scalar);
                Advance(levels);
                break;
            case not null when isName:
                throw Error(node, "must not have lists or mappings for names");
            case not null when levels.Count == MaxDepth:
                throw Error(node, $"must be at most {MaxDepth} levels deep");
            case MappingStart:
                json.WriteStartObject();
                levels.Push(Next.Name);
                break;
            default:
                json.WriteStartArray();
                levels.Push(Next.Item);
                break;
        }
    }

    private static void Advance(Stack<Next> levels)
    {
        if (levels.TryPop(out var next))
        {
            levels.Push(
                next switch
                {
                    Next.Name => Next.Value,
                    Next.Value => Next.Name,
                    _ => next,
                }
            );
        }
    }

    private static void Write(Utf8JsonWriter json, Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
        {
            json.WriteStringValue(text);
        }
        else if (text is "" or "~" or "null" or "Null" or "NULL")
        {
            json.WriteNullValue();
        }
        else if (text is "true" or "True" or "TRUE" or "false" or "False" or "FALSE")
        {
            json.WriteBooleanValue(text[0] is 't' or 'T');
        }
        else if (Decimals.Match(text) is { Success: true } number)
        {
            json.WriteRawValue(ToJson(number), skipInputValidation: true);
        }
        else if (Digits.Match(text) is { Success: true } digits)
        {
            json.WriteNumberValue(Parse(scalar, digits));
        }
        else if (NoNumber.IsMatch(text))
        {
            throw Error(scalar, "must not have .inf or .nan");
        }
        else
        {
            json.WriteStringValue(text);
        }
    }

    // JSON allows no plus and no leading zeros, and requires a digit on both sides of the point. A fraction stays a
    // fraction: it is never read as an integer.
    private static string ToJson(Match number)
    {
        var sign = number.Groups["sign"].Value == "-" ? "-" : "";
        var whole = number.Groups["whole"].Value.TrimStart('0');
        var fraction = number.Groups["fraction"] is { Success: true } digits
            ? $".{(digits.Length > 0 ? digits.Value : "0")}"
            : "";
        return $"{sign}{(whole.Length > 0 ? whole : "0")}{fraction}{number.Groups["exponent"].Value}";
    }

    private static ulong Parse(Scalar scalar, Match digits)
    {
        try
        {
            return Convert.ToUInt64(
                digits.Groups["digits"].Value,
                digits.Groups["base"].Value == "x" ? 16 : 8
            );
        }
        catch (OverflowException)
        {
            throw Error(scalar, "must not have numbers that large");
        }
    }

    private static YamlTextException Error(ParsingEvent found, string what) =>
        Error(found.Start, what);

    private static YamlTextException Error(Mark where, string what) =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what} (line {where.Line}, column {where.Column})"
            )
        );

    private static void Write(Emitter emitter, JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                emitter.Emit(new MappingStart());
                foreach (var member in json.EnumerateObject())
                {
                    emitter.Emit(Text(member.Name));
                    Write(emitter, member.Value);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonValueKind.Array:
                emitter.Emit(new SequenceStart(default, default, true, SequenceStyle.Block));
                foreach (var item in json.EnumerateArray())
                {
                    Write(emitter, item);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case JsonValueKind.String:
                emitter.Emit(Text(json.GetString()!));
                break;
            default:
                emitter.Emit(Scalar(json.GetRawText(), ScalarStyle.Plain));
                break;
        }
    }

    // Only what every YAML reader takes for a string is written without quotes.
    private static Scalar Text(string text) =>
        Scalar(
            text,
            Plain.IsMatch(text) && !Word.IsMatch(text)
                ? ScalarStyle.Plain
                : ScalarStyle.DoubleQuoted
        );

    private static Scalar Scalar(string text, ScalarStyle style) =>
        new(AnchorName.Empty, TagName.Empty, text, style, true, true);

    [GeneratedRegex(
        @"^(?<sign>[-+]?)(?:(?<whole>[0-9]+)(?:\.(?<fraction>[0-9]*))?|\.(?<fraction>[0-9]+))(?<exponent>[eE][-+]?[0-9]+)?\z"
    )]
    private static partial Regex Decimals { get; }

    [GeneratedRegex(@"^0(?<base>o)(?<digits>[0-7]+)\z|^0(?<base>x)(?<digits>[0-9a-fA-F]+)\z")]
    private static partial Regex Digits { get; }

    [GeneratedRegex(@"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\z")]
    private static partial Regex NoNumber { get; }

    [GeneratedRegex(@"^[A-Za-z/_][A-Za-z0-9/_.-]*(?: [A-Za-z0-9/_.-]+)*\z")]
    private static partial Regex Plain { get; }

    [GeneratedRegex(
        @"^(?:null|true|false|yes|no|on|off|y|n)\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex Word { get; }
}

/// <summary>An error in a YAML text, in terms of the API.</summary>
internal sealed class YamlTextException(string message) : Exception(message);
