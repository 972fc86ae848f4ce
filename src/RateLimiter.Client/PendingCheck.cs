using System.Diagnostics;

namespace RateLimiting.Client;

/// <summary>A check that waits for its decision.</summary>
/// <remarks>Continuations run asynchronously: the code of one caller must not delay the results of the others.</remarks>
internal sealed class PendingCheck(RateLimitCheck check, long since)
    : TaskCompletionSource<RateLimitDecision>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    // In JSON a character takes up to six bytes.
    private const int BytesPerCharacter = 6;
    private const int BytesOfNames = 120;
    private const int BytesOfSubject = 6;

    public RateLimitCheck Check { get; } = check;

    /// <summary>When the check was made, by the clock's timestamp.</summary>
    public long Since { get; } = since;

    /// <summary>The caller's activity, for the trace.</summary>
    public Activity? Activity { get; } = Activity.Current;

    /// <summary>The maximum size of the check in a request.</summary>
    public int Bytes { get; } =
        BytesOfNames
        + BytesPerCharacter
            * (check.UserId.Length + check.RouteKey.Length + (check.Role?.Length ?? 0))
        + (
            check.Subjects?.Sum(subject =>
                BytesOfSubject + BytesPerCharacter * (subject.Key.Length + subject.Value.Length)
            ) ?? 0
        );
}
