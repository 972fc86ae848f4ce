using RateLimiter.Application.Keys;
using RateLimiter.Application.Validation;
using RateLimiter.Dashboard.Formatting;

namespace RateLimiter.Dashboard.Forms;

/// <summary>The grace period of a rotated key in its dialog.</summary>
internal sealed class GracePeriodForm
{
    /// <summary>In <see cref="Unit"/>.</summary>
    public string Count { get; set; } = "1";

    /// <summary>In seconds.</summary>
    public long Unit { get; set; } = Lifetimes.Day;

    /// <summary>The grace period, or its error in the words of the API.</summary>
    public (TimeSpan GracePeriod, string? Error) Read()
    {
        if (!WholeNumber.TryRead(Count, out var units))
        {
            return (default, WholeNumber.Error);
        }

        if (units is not { } count)
        {
            return (default, FieldRules.Required);
        }

        var seconds = Lifetimes.Seconds(count, Unit);
        return KeyRules.GracePeriodProblem(seconds) is { } problem
            ? (default, problem)
            : (TimeSpan.FromSeconds(seconds), null);
    }
}
