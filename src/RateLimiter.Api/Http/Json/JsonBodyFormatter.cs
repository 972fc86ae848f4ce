using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.Extensions.Options;

namespace RateLimiter.Api.Http.Json;

/// <summary>
/// Reads a JSON body. Unlike the framework's own formatter it reports errors in terms of the API, never in CLR type names.
/// </summary>
internal sealed class JsonBodyFormatter : TextInputFormatter
{
    public JsonBodyFormatter()
    {
        SupportedEncodings.Add(new UTF8Encoding(false, throwOnInvalidBytes: true));
        SupportedMediaTypes.Add("application/json");
        SupportedMediaTypes.Add("text/json");
        SupportedMediaTypes.Add("application/*+json");
    }

    public override Task<InputFormatterResult> ReadRequestBodyAsync(
        InputFormatterContext context,
        Encoding encoding
    )
    {
        var http = context.HttpContext;
        return ReadAsync(
            context,
            type =>
                JsonSerializer.DeserializeAsync(http.Request.BodyReader, type, http.RequestAborted)
        );
    }

    /// <summary>Reads the model from JSON of any source, and lists its errors.</summary>
    public static async Task<InputFormatterResult> ReadAsync(
        InputFormatterContext context,
        Func<JsonTypeInfo, ValueTask<object?>> read
    )
    {
        var services = context.HttpContext.RequestServices;
        var options = services.GetRequiredService<IOptions<JsonOptions>>();
        var type = options.Value.JsonSerializerOptions.GetTypeInfo(context.ModelType);
        try
        {
            var model = await read(type);
            return model is null
                ? await InputFormatterResult.NoValueAsync()
                : await InputFormatterResult.SuccessAsync(model);
        }
        catch (JsonException exception)
        {
            var (field, message) = JsonErrors.Describe(exception, type);
            context.ModelState.TryAddModelError(field, message);
            return await InputFormatterResult.FailureAsync();
        }
    }
}
