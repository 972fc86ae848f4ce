using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.Extensions.Options;

namespace RateLimiter.Api.Json;

/// <summary>
/// Reads a JSON body. Unlike the framework's own formatter it says what is wrong in words of the API, never in names
/// of CLR types.
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

    public override async Task<InputFormatterResult> ReadRequestBodyAsync(
        InputFormatterContext context,
        Encoding encoding
    )
    {
        var http = context.HttpContext;
        var options = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>();
        var type = options.Value.JsonSerializerOptions.GetTypeInfo(context.ModelType);
        try
        {
            var model = await JsonSerializer.DeserializeAsync(
                http.Request.BodyReader,
                type,
                http.RequestAborted
            );
            return model is null
                ? await InputFormatterResult.NoValueAsync()
                : await InputFormatterResult.SuccessAsync(model);
        }
        catch (JsonException exception)
        {
            var (field, message) = JsonFault.Describe(exception, type);
            context.ModelState.TryAddModelError(field, message);
            return await InputFormatterResult.FailureAsync();
        }
    }
}
