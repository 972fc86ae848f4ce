using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Checks;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Api.Reservations;

/// <summary>A decision, and the reservation that it made.</summary>
public sealed record ReservationResponse : DecisionResponse
{
    private ReservationResponse(DecisionResponse answer)
        : base(answer) { }

    /// <summary>The id with which the reservation is settled; null when denied.</summary>
    [JsonPropertyOrder(1)]
    public required string? ReservationId { get; init; }

    /// <summary>When the permits come back by themselves; null when denied.</summary>
    [JsonPropertyOrder(2)]
    public required DateTimeOffset? ExpiresAt { get; init; }

    internal static ReservationResponse From(Application.Reservations.Reserved reserved) =>
        new(DecisionResponse.From(reserved.Decision))
        {
            ReservationId = reserved.Id,
            ExpiresAt = reserved.ExpiresAt,
        };
}

/// <summary>What a commit did.</summary>
/// <param name="Charged">The total that is charged.</param>
/// <param name="Released">The permits of the reservation that were given back, or are not taken any more.</param>
/// <param name="Overrun">The most permits that this charged over any limit, because more was used than reserved.</param>
/// <param name="Late">Whether the reservation had expired.</param>
/// <param name="Degraded">Whether it was made while the store was unavailable, so that nothing is charged.</param>
/// <param name="Remaining">The fewest permits left under any limit; null when the reservation held nothing.</param>
public sealed record CommitResponse(
    long Charged,
    long Released,
    long Overrun,
    bool Late,
    bool Degraded,
    long? Remaining
)
{
    internal static CommitResponse From(Settled.Committed it) =>
        new(it.Charged, it.Released, it.Overrun, it.Late, it.Degraded, it.Remaining);
}

/// <param name="ExpiresAt">When the permits come back by themselves.</param>
public sealed record ExtendResponse(DateTimeOffset ExpiresAt);

/// <summary>The results of a batch, in the order of its items.</summary>
/// <param name="Results">The results.</param>
public sealed record CommitBatchResponse(IReadOnlyList<CommitResult> Results);

/// <summary>The results of a batch, in the order of its items.</summary>
/// <param name="Results">The results.</param>
public sealed record ExtendBatchResponse(IReadOnlyList<ExtendResult> Results);

/// <summary>What became of an item, or an error in its place.</summary>
public interface IItemResult
{
    /// <summary>What became of it; null when there is an error.</summary>
    object? Result { get; }

    /// <summary>Why nothing became of it.</summary>
    ProblemDetails? Error { get; }
}

/// <summary>A <see cref="CommitResponse"/>, or an error in its place.</summary>
[JsonConverter(typeof(ItemResultConverter<CommitResult>))]
public sealed record CommitResult(object? Result, ProblemDetails? Error) : IItemResult;

/// <summary>An <see cref="ExtendResponse"/>, or an error in its place.</summary>
[JsonConverter(typeof(ItemResultConverter<ExtendResult>))]
public sealed record ExtendResult(object? Result, ProblemDetails? Error) : IItemResult;

/// <param name="ReservationId">The beginning of the id.</param>
/// <param name="Cost">The permits that were reserved.</param>
/// <param name="Slots">The slots.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When the permits come back by themselves.</param>
public sealed record OpenReservationResponse(
    string ReservationId,
    long Cost,
    long Slots,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt
)
{
    internal static OpenReservationResponse From(OpenReservation it) =>
        new(it.IdBeginning, it.Cost, it.Slots, it.MadeAt, it.ExpiresAt);
}

internal sealed class ItemResultConverter<T> : JsonConverter<T>
    where T : IItemResult
{
    public override T Read(
        ref Utf8JsonReader reader,
        Type typeToConvert,
        JsonSerializerOptions options
    ) => throw new NotSupportedException("Results are only written.");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        if (value.Result is { } result)
        {
            JsonSerializer.Serialize(writer, result, result.GetType(), options);
            return;
        }

        writer.WriteStartObject();
        writer.WritePropertyName("error");
        // By its runtime type: a validation problem has a list of invalid fields.
        JsonSerializer.Serialize(writer, value.Error, value.Error!.GetType(), options);
        writer.WriteEndObject();
    }
}
