using System.Buffers;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RateLimiter.Api.Http.Yaml;

/// <summary>
/// Converts YAML into JSON, so that documents have one reader with one set of rules. What JSON cannot represent is rejected.
/// </summary>
internal sealed class YamlReader
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

    private readonly Parser parser;
    private readonly Utf8JsonWriter json;

    private YamlReader(string yaml, Utf8JsonWriter json)
    {
        parser = new Parser(new StringReader(yaml));
        this.json = json;
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
        new YamlReader(yaml, writer).ReadStream();
    }

    private void ReadStream()
    {
        // The start of the stream.
        Next();
        if (Next() is not DocumentStart document)
        {
            return;
        }

        if (document is { Version.Version: not { Major: 1, Minor: 2 } })
        {
            throw new YamlTextException(document.Start, "must be YAML 1.2");
        }

        ReadNode(Next(), depth: 0);
        // The end of the document.
        Next();
        if (Next() is DocumentStart second)
        {
            throw new YamlTextException(second.Start, "must be a single document");
        }
    }

    private void ReadNode(ParsingEvent node, int depth)
    {
        switch (node)
        {
            case Scalar scalar:
                CoreSchema.Write(json, scalar);
                break;
            case MappingStart or SequenceStart when depth == MaxDepth:
                throw new YamlTextException(node.Start, $"must be at most {MaxDepth} levels deep");
            case MappingStart:
                json.WriteStartObject();
                while (Next() is not MappingEnd and var name)
                {
                    ReadName(name);
                    ReadNode(Next(), depth + 1);
                }

                json.WriteEndObject();
                break;
            case SequenceStart:
                json.WriteStartArray();
                while (Next() is not SequenceEnd and var item)
                {
                    ReadNode(item, depth + 1);
                }

                json.WriteEndArray();
                break;
            // The library ignores a value that it does not understand at the end of the text.
            default:
                throw new YamlTextException(node.Start, Invalid);
        }
    }

    private void ReadName(ParsingEvent name)
    {
        if (name is not Scalar scalar)
        {
            throw new YamlTextException(name.Start, "must not have lists or mappings for names");
        }

        json.WritePropertyName(scalar.Value);
    }

    private ParsingEvent Next()
    {
        try
        {
            parser.MoveNext();
        }
        catch (YamlException exception)
        {
            throw new YamlTextException(exception.Start, Invalid);
        }
        // What the library throws at errors that it did not expect, such as escapes of invalid characters.
        catch (Exception exception)
            when (exception is ArgumentException or InvalidOperationException)
        {
            throw new YamlTextException(parser.Current?.End ?? Mark.Empty, Invalid);
        }

        var found = parser.Current!;
        return found switch
        {
            AnchorAlias or NodeEvent { Anchor.IsEmpty: false } => throw new YamlTextException(
                found.Start,
                "must not have anchors and aliases"
            ),
            NodeEvent { Tag.IsEmpty: false } => throw new YamlTextException(
                found.Start,
                "must not have tags"
            ),
            _ => found,
        };
    }
}
