using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Clients;

/// <summary>
/// Deletes clients. Each deletion is recorded in the store before it begins and until it is complete, so that any instance can
/// resume a deletion that was abandoned because an instance was killed or the store became unavailable.
/// </summary>
public sealed partial class ClientDeletions(
    IDeletionRepository repository,
    ClientDirectory directory,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<ClientDeletions> logger
) : RepeatingService("The search for abandoned deletions", ResumeInterval, time, logger)
{
    /// <summary>How often the progress of a deletion is recorded.</summary>
    internal static readonly TimeSpan NoteInterval = TimeSpan.FromSeconds(1);

    /// <summary>A deletion without recorded progress for this time counts as abandoned.</summary>
    internal static readonly TimeSpan Abandoned = TimeSpan.FromSeconds(10);

    /// <summary>How often the service searches for abandoned deletions.</summary>
    internal static readonly TimeSpan ResumeInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest time for which an instance may accept the keys of a deleted client, plus a second for checks in progress.
    /// Counters are deleted after this time, because earlier a check could still create new ones.
    /// </summary>
    internal static readonly TimeSpan PropagationTime =
        ClientDirectory.MaxAge + TimeSpan.FromSeconds(1);

    // One pass over the store at a time, so that many deletions at once do not crowd out other requests.
    private readonly SemaphoreSlim pass = new(1);

    /// <summary>Deletes a client.</summary>
    /// <param name="client">The client.</param>
    /// <param name="actor">Who requested the deletion.</param>
    /// <param name="budget">How long to wait. The deletion continues after that.</param>
    /// <param name="cancellationToken">Cancels the wait, not the deletion.</param>
    /// <exception cref="StoreUnavailableException">It may not have been recorded; if it was, it is completed later.</exception>
    public async Task<DeletionOutcome> DeleteAsync(
        ClientId client,
        Actor actor,
        TimeSpan budget,
        CancellationToken cancellationToken
    )
    {
        var begun = new ClientDeletion(client, Now(), DeletionSummary.None, actor);
        if (!await repository.TryBeginAsync(begun, cancellationToken))
        {
            // Another request has already begun the deletion.
            var noted = await repository.ListAsync(cancellationToken);
            var other = noted.FirstOrDefault(deletion => deletion.Client == client);
            return new DeletionOutcome(other?.Deleted ?? DeletionSummary.None, IsComplete: false);
        }

        var run = new Run(begun);
        var isComplete = false;
        try
        {
            isComplete = await GoOnAsync(run).WaitAsync(budget, Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The deletion continues.
        }

        return new DeletionOutcome(run.Deleted, isComplete);
    }

    public override void Dispose()
    {
        pass.Dispose();
        base.Dispose();
    }

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        foreach (var deletion in await repository.ListAsync(stoppingToken))
        {
            var resumed = deletion with { NotedAt = After(deletion) };
            if (
                resumed.NotedAt - deletion.NotedAt >= Abandoned
                && await repository.TryNoteAsync(deletion, resumed, stoppingToken)
            )
            {
                await GoOnAsync(new Run(resumed));
            }
        }
    }

    /// <summary>Completes the rest of a deletion.</summary>
    /// <returns>Whether it is complete. Otherwise another instance continues it, now or later.</returns>
    private async Task<bool> GoOnAsync(Run run)
    {
        var client = run.Noted.Client;
        try
        {
            await DeleteClientAsync(run);
            if (!await NoteAsync(run))
            {
                return false;
            }

            await Task.Delay(PropagationTime, Time, lifetime.ApplicationStopping);
            if (!await DeleteCountersAsync(run))
            {
                return false;
            }

            if (!await repository.TryNoteAsync(run.Noted, null, lifetime.ApplicationStopping))
            {
                return false;
            }

            var deleted = run.Deleted;
            LogDeleted(
                Logger,
                client,
                deleted.Policies,
                deleted.Keys,
                deleted.LogEntries,
                deleted.Counters
            );
            return true;
        }
        catch (StoreUnavailableException)
        {
            // The store monitor reports it.
            return false;
        }
        catch (OperationCanceledException)
            when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return false;
        }
#pragma warning disable CA1031 // No caller may be waiting for the exception, and other deletions must still be resumed.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogFailure(Logger, exception, client);
            return false;
        }
    }

    /// <returns>Whether it is done. Otherwise another instance continues it.</returns>
    private async Task<bool> DeleteCountersAsync(Run run)
    {
        while (!await pass.WaitAsync(NoteInterval, lifetime.ApplicationStopping))
        {
            if (!await NoteAsync(run))
            {
                return false;
            }
        }

        try
        {
            await foreach (
                var count in repository.DeleteCountersAsync(
                    run.Noted.Client,
                    lifetime.ApplicationStopping
                )
            )
            {
                run.Deleted += DeletionSummary.None with { Counters = count };
                if (Now() - run.Noted.NotedAt >= NoteInterval && !await NoteAsync(run))
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            pass.Release();
        }
    }

    private async Task DeleteClientAsync(Run run)
    {
        try
        {
            // One short step, which is not cancelled when the service stops.
            run.Deleted += await repository.DeleteClientAsync(run.Noted, CancellationToken.None);
        }
        finally
        {
            // Also after a failure: the deletion is recorded and will be completed sooner or later.
            directory.Apply(
                run.Noted.Client,
                ClientDirectory.Latest,
                client => new ClientSnapshot(
                    client.Id,
                    ClientDirectory.Latest,
                    new KeyRing([]),
                    new PolicyTable([])
                )
            );
        }
    }

    private async Task<bool> NoteAsync(Run run)
    {
        var note = run.Noted with { NotedAt = After(run.Noted), Deleted = run.Deleted };
        if (!await repository.TryNoteAsync(run.Noted, note, lifetime.ApplicationStopping))
        {
            // Another instance regarded this deletion as abandoned and continues it.
            return false;
        }

        run.Noted = note;
        return true;
    }

    private DateTimeOffset Now() =>
        DateTimeOffset.FromUnixTimeMilliseconds(Time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>The current time, but later than the last recorded one, because the time distinguishes the records.</summary>
    private DateTimeOffset After(ClientDeletion noted)
    {
        var (now, earliest) = (Now(), noted.NotedAt.AddMilliseconds(1));
        return now > earliest ? now : earliest;
    }

    [LoggerMessage(
        31,
        LogLevel.Information,
        "Client {Client} was deleted, with {Policies} policies, {Keys} keys, {LogEntries} log entries and {Counters} counters"
    )]
    private static partial void LogDeleted(
        ILogger logger,
        ClientId client,
        long policies,
        long keys,
        long logEntries,
        long counters
    );

    [LoggerMessage(32, LogLevel.Error, "The deletion of client {Client} failed and is tried again")]
    private static partial void LogFailure(ILogger logger, Exception exception, ClientId client);

    /// <summary>One attempt to complete a deletion.</summary>
    private sealed class Run(ClientDeletion noted)
    {
        private DeletionSummary deleted = noted.Deleted;

        /// <summary>The state that is recorded in the store.</summary>
        public ClientDeletion Noted { get; set; } = noted;

        /// <summary>What has been deleted so far, recorded or not. It is read while it grows.</summary>
        public DeletionSummary Deleted
        {
            get => Volatile.Read(ref deleted);
            set => Volatile.Write(ref deleted, value);
        }
    }
}
