using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Formatters;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.Api.Http.Yaml;

/// <summary>Reads a YAML body of one type, as the equivalent JSON.</summary>
internal sealed class YamlBodyFormatter : TextInputFormatter
{
    private readonly Type type;

    public YamlBodyFormatter(Type type)
    {
        this.type = type;
        SupportedEncodings.Add(new UTF8Encoding(false, throwOnInvalidBytes: true));
        foreach (var name in DocumentFormats.YamlNames)
        {
            SupportedMediaTypes.Add(name);
        }
    }

    public override async Task<InputFormatterResult> ReadRequestBodyAsync(
        InputFormatterContext context,
        Encoding encoding
    )
    {
        var http = context.HttpContext;
        // The parser would block the thread at every wait for more data.
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        var text = body.GetBuffer().AsMemory(0, (int)body.Length);
        var json = new ArrayBufferWriter<byte>();
        try
        {
            YamlReader.Read(Decode(text.Span, encoding), json);
        }
        catch (YamlTextException error)
        {
            context.ModelState.TryAddModelError(JsonErrors.Body, error.Message);
            return await InputFormatterResult.FailureAsync();
        }

        return json.WrittenCount == 0
            ? await InputFormatterResult.NoValueAsync()
            : await JsonBodyFormatter.ReadAsync(
                context,
                type => ValueTask.FromResult(JsonSerializer.Deserialize(json.WrittenSpan, type))
            );
    }

    protected override bool CanReadType(Type type) => type == this.type;

    private static string Decode(ReadOnlySpan<byte> text, Encoding encoding)
    {
        try
        {
            return encoding.GetString(
                text.StartsWith(Encoding.UTF8.Preamble)
                    ? text[Encoding.UTF8.Preamble.Length..]
                    : text
            );
        }
        catch (DecoderFallbackException)
        {
            throw new YamlTextException("is not UTF-8");
        }
    }
}
