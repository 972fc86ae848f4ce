using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RateLimiter.Api.Http.Yaml;

/// <summary>Writes JSON as YAML, from which <see cref="YamlReader"/> makes the same JSON.</summary>
internal static partial class YamlWriter
{
    private static readonly EmitterSettings Unfolded = EmitterSettings.Default.WithBestWidth(
        int.MaxValue
    );

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

    [GeneratedRegex(@"^[A-Za-z/_][A-Za-z0-9/_.-]*(?: [A-Za-z0-9/_.-]+)*\z")]
    private static partial Regex Plain { get; }

    [GeneratedRegex(
        @"^(?:null|true|false|yes|no|on|off|y|n)\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex Word { get; }
}
