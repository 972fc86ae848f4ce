using System.Text.Json;
using System.Text.Json.Serialization;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Checks;

namespace RateLimiter.Api.Checks;

/// <param name="Checks">1 to 1000 checks.</param>
public sealed record CheckBatchRequest(IReadOnlyList<CheckBatchItem>? Checks)
{
    internal Dictionary<string, string[]>? Validate() =>
        CheckRules.BatchProblem(Checks?.Count) is { } problem
            ? new() { ["checks"] = [problem] }
            : null;
}

/// <summary>One check of a batch, or the errors in its JSON: an invalid item does not affect the others.</summary>
[JsonConverter(typeof(CheckBatchItemConverter))]
public readonly record struct CheckBatchItem(
    CheckRequest? Check,
    [property: JsonIgnore] KeyValuePair<string, string> Error = default
)
{
    internal Dictionary<string, string[]>? Validate() =>
        Check is null ? new() { [Error.Key] = [Error.Value] } : Check.Validate();
}

internal sealed class CheckBatchItemConverter : JsonConverter<CheckBatchItem>
{
    // A null is an item too, with an error of its own.
    public override bool HandleNull => true;

    public override CheckBatchItem Read(
        ref Utf8JsonReader reader,
        Type typeToConvert,
        JsonSerializerOptions options
    )
    {
        // The reader has buffered the whole item by now, so that it can be read again.
        var start = reader;
        try
        {
            var check = JsonSerializer.Deserialize<CheckRequest>(ref reader, options);
            return check is null
                ? new CheckBatchItem(
                    null,
                    KeyValuePair.Create(JsonErrors.Body, "must be an object")
                )
                : new CheckBatchItem(check);
        }
        catch (JsonException exception) when (exception.InnerException is not JsonException)
        {
            reader = start;
            reader.Skip();
            var (field, message) = JsonErrors.Describe(
                exception,
                options.GetTypeInfo(typeof(CheckRequest))
            );
            return new CheckBatchItem(null, KeyValuePair.Create(field, message));
        }
    }

    public override void Write(
        Utf8JsonWriter writer,
        CheckBatchItem value,
        JsonSerializerOptions options
    ) => JsonSerializer.Serialize(writer, value.Check, options);
}
