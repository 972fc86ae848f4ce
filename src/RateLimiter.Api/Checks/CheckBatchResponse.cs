using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>The results of a batch of checks.</summary>
/// <param name="Results">One result per check, in the order of the checks.</param>
public sealed record CheckBatchResponse(IReadOnlyList<CheckBatchResult> Results);

/// <summary>A <see cref="DecisionResponse"/>, or an error in its place.</summary>
[JsonConverter(typeof(CheckBatchResultConverter))]
public sealed class CheckBatchResult
{
    internal CheckBatchResult(Decision? decision, ProblemDetails? error)
    {
        Decision = decision;
        Error = error;
    }

    /// <summary>The decision, which is written without a wrapper; null when there is none.</summary>
    internal Decision? Decision { get; }

    /// <summary>Why there is no decision.</summary>
    public ProblemDetails? Error { get; }

    internal static CheckBatchResult From(HttpContext context, in CheckEachOutcome outcome) =>
        new(
            outcome.Decision,
            outcome.Problem is { } problem ? CheckProblems.Of(context, problem) : null
        );
}

internal sealed class CheckBatchResultConverter : JsonConverter<CheckBatchResult>
{
    public override CheckBatchResult Read(
        ref Utf8JsonReader reader,
        Type typeToConvert,
        JsonSerializerOptions options
    ) => throw new NotSupportedException("Results are only written.");

    public override void Write(
        Utf8JsonWriter writer,
        CheckBatchResult value,
        JsonSerializerOptions options
    )
    {
        if (value.Decision is not null)
        {
            DecisionJson.Write(writer, value.Decision);
            return;
        }

        writer.WriteStartObject();
        writer.WritePropertyName("error");
        // By its runtime type: a validation problem has a list of invalid fields.
        JsonSerializer.Serialize(writer, value.Error, value.Error!.GetType(), options);
        writer.WriteEndObject();
    }
}
