using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Mvc;

namespace RateLimiter.Api.Json;

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
        options.TypeInfoResolver = new DefaultJsonTypeInfoResolver().WithAddedModifier(
            WriteWhatProblemsAre
        );
        options.Converters.Add(
            new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
        );
    }

    // Where a problem is part of an answer, its list of faulty fields must be too.
    private static void WriteWhatProblemsAre(JsonTypeInfo type)
    {
        if (type.Type == typeof(ProblemDetails))
        {
            type.PolymorphismOptions = new JsonPolymorphismOptions
            {
                DerivedTypes = { new JsonDerivedType(typeof(ValidationProblemDetails)) },
            };
        }
    }
}
