using System.Text.Json;
using System.Text.Json.Serialization;

namespace RateLimiting.Client;

/// <summary>Why the service did not do what it was asked for (RFC 9457).</summary>
/// <param name="Type">Names the kind of problem.</param>
/// <param name="Title">The kind in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">This one in words.</param>
/// <param name="Errors">What is wrong with each field, by the names that the service uses, such as <c>user_id</c>.</param>
/// <param name="TraceId">Under which the service's own log has more.</param>
public sealed record RateLimiterProblem(
    string? Type,
    string? Title,
    int? Status,
    string? Detail,
    IReadOnlyDictionary<string, IReadOnlyList<string>?>? Errors,
    string? TraceId
)
{
    /// <summary>Reads one. What is none, such as the page of a proxy, is null.</summary>
    internal static RateLimiterProblem? Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(text, ProblemJson.Default.RateLimiterProblem);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>In one line, without what is unknown.</summary>
    internal string Describe() =>
        string.Join(
            " ",
            new[] { Detail ?? Title }
                .Concat(
                    (Errors ?? new Dictionary<string, IReadOnlyList<string>?>()).Select(error =>
                        $"{error.Key}: {string.Join(", ", error.Value ?? [])}."
                    )
                )
                .Append(TraceId is null ? null : $"(trace {TraceId})")
                .Where(part => part is not null)
        );
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RateLimiterProblem))]
internal sealed partial class ProblemJson : JsonSerializerContext;
