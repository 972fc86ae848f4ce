using System.Text.Json;
using System.Text.Json.Serialization;

namespace RateLimiter.Api.Http.Json;

/// <summary>
/// The JSON settings of the whole API: snake_case, and strict where the caller may have meant something else.
/// </summary>
internal static class ApiJson
{
    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.AllowDuplicateProperties = false;
        options.Converters.Add(new ExactEnumConverter());
        // Never called, because the previous converter takes precedence; it tells the OpenAPI generator that enumerations
        // are strings.
        options.Converters.Add(
            new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
        );
    }
}
