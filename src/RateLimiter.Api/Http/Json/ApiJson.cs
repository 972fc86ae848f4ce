using System.Text.Json;
using System.Text.Json.Serialization;

namespace RateLimiter.Api.Http.Json;

/// <summary>How everything is read and written: snake_case, and nothing that the caller may have meant otherwise.</summary>
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
        // Never asked, because the one before it comes first; it tells the OpenAPI generator that enumerations are text.
        options.Converters.Add(
            new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
        );
    }
}
