using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;

namespace RateLimiter.Application.Logs;

/// <summary>The readers of decision logs on this instance. All readers of one log share one poller of the store.</summary>
internal sealed class DecisionFollowers
{
    private readonly IDecisionFeed feed;
    private readonly StreamOptions options;
    private readonly StreamLoad load;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<
        (ClientId Client, ClientLog Log),
        DecisionFollower
    > followers = new();

    // Guards the counts, and the lifetime of each follower: it exists exactly while it has readers.
    private readonly Lock gate = new();

    public DecisionFollowers(
        IDecisionFeed feed,
        IOptions<StreamOptions> options,
        StreamLoad load,
        TimeProvider time
    )
    {
        this.load = load;
        this.feed = feed;
        this.options = options.Value;
        this.time = time;
        feed.Written += client =>
        {
            foreach (var log in Enum.GetValues<ClientLog>())
            {
                if (followers.TryGetValue((client, log), out var follower))
                {
                    follower.Wake();
                }
            }
        };
    }

    /// <summary>
    /// Reserves a place for a reader of a client's decisions, and of its changes where the reader wants them; it must be
    /// disposed. False when no place is free.
    /// </summary>
    public bool TryEnter(FollowDecisionsQuery query, [NotNullWhen(true)] out Place? place)
    {
        lock (gate)
        {
            // Every reader reads the decisions.
            followers.TryGetValue((query.Client, ClientLog.Decisions), out var decisions);
            if (
                load.Streams >= options.MaxPerInstance
                || (decisions?.Places ?? 0) >= options.MaxPerClient
            )
            {
                place = null;
                return false;
            }

            load.Streams++;
            place = new Place(
                this,
                query,
                Enter(query.Client, ClientLog.Decisions),
                query.WithChanges ? Enter(query.Client, ClientLog.Changes) : null
            );
            return true;
        }
    }

    private DecisionFollower Enter(ClientId client, ClientLog log)
    {
        var follower = followers.GetOrAdd(
            (client, log),
            _ => new DecisionFollower(client, log, feed, load, time)
        );
        follower.Places++;
        return follower;
    }

    private void Leave(ClientId client, DecisionFollower decisions, DecisionFollower? changes)
    {
        lock (gate)
        {
            load.Streams--;
            Leave(client, ClientLog.Decisions, decisions);
            Leave(client, ClientLog.Changes, changes);
        }
    }

    private void Leave(ClientId client, ClientLog log, DecisionFollower? follower)
    {
        if (follower is not null && --follower.Places == 0)
        {
            followers.TryRemove((client, log), out _);
            follower.Dispose();
        }
    }

    /// <summary>The reserved place of a reader.</summary>
    internal sealed class Place(
        DecisionFollowers followers,
        FollowDecisionsQuery query,
        DecisionFollower decisions,
        DecisionFollower? changes
    ) : IDisposable
    {
        private DecisionBuffer? buffer;
        private bool isLeft;

        /// <summary>Starts buffering the entries from now on.</summary>
        /// <returns>The buffer, and the position after which its entries begin.</returns>
        /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
        public async Task<(DecisionBuffer Buffer, StreamPosition After)> JoinAsync(
            CancellationToken cancellationToken
        )
        {
            buffer = new DecisionBuffer(query, followers.load, followers.time);
            return (
                buffer,
                new StreamPosition(
                    await decisions.JoinAsync(buffer, cancellationToken),
                    changes is null ? null : await changes.JoinAsync(buffer, cancellationToken)
                )
            );
        }

        public void Dispose()
        {
            if (isLeft)
            {
                return;
            }

            isLeft = true;
            if (buffer is not null)
            {
                decisions.Remove(buffer);
                changes?.Remove(buffer);
            }

            followers.Leave(query.Client, decisions, changes);
        }
    }
}
