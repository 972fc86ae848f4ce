using RateLimiter.Application.Checks;
using RateLimiter.Application.Validation;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Reservations;

/// <summary>The rules of reservations, beside those of checks (<see cref="CheckRules"/>).</summary>
public static class ReservationRules
{
    /// <summary>The time to live of a reservation when it is omitted, in seconds.</summary>
    public const int DefaultSeconds = 60;

    /// <summary>The most items of a batch.</summary>
    public const int MaxItems = 1000;

    /// <summary>Describes what is wrong with a time to live in seconds; null when nothing is.</summary>
    public static string? TimeToLiveProblem(long? seconds) =>
        seconds is { } given
            ? FieldRules.RangeProblem(
                given,
                ReservationTerms.MinSeconds,
                ReservationTerms.MaxSeconds
            )
            : FieldRules.Required;

    /// <summary>Describes what is wrong with a number of slots; null when nothing is.</summary>
    public static string? SlotsProblem(long slots) =>
        FieldRules.RangeProblem(slots, 1, ReservationTerms.MaxSlots);

    /// <summary>Describes what is wrong with the cost of a commit; null when nothing is.</summary>
    public static string? CostProblem(long? cost) =>
        cost is { } given ? CheckRules.CostProblem(given) : FieldRules.Required;

    /// <summary>Describes what is wrong with a batch of so many items; null when nothing is.</summary>
    /// <param name="count">Null where the batch is missing.</param>
    public static string? BatchProblem(int? count) =>
        count switch
        {
            null => FieldRules.Required,
            < 1 or > MaxItems => $"must hold 1 to {MaxItems} items",
            _ => null,
        };
}
