using System.Text.Json;
using System.Text.Json.Serialization;

namespace RateLimiting.Client;

/// <summary>A problem document (RFC 9457): why the service rejected a request.</summary>
/// <param name="Type">A URI that identifies the kind of problem.</param>
/// <param name="Title">A short description of the kind.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">A description of this occurrence.</param>
/// <param name="Errors">The validation errors of each field, by the names that the service uses, such as <c>user_id</c>.</param>
/// <param name="TraceId">The trace id, by which the service's log can be searched.</param>
public sealed record RateLimiterProblem(
    string? Type,
    string? Title,
    int? Status,
    string? Detail,
    IReadOnlyDictionary<string, IReadOnlyList<string>?>? Errors,
    string? TraceId
)
{
    /// <summary>Parses a problem document. Null for any other text, such as the page of a proxy.</summary>
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

    /// <summary>The problem in one line, without unknown parts.</summary>
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
