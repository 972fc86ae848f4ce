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
    private readonly ConcurrentDictionary<ClientId, DecisionFollower> followers = new();

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
            if (followers.TryGetValue(client, out var follower))
            {
                follower.Wake();
            }
        };
    }

    /// <summary>Reserves a place for a reader of a client's log, which must be disposed. False when no place is free.</summary>
    public bool TryEnter(ClientId client, [NotNullWhen(true)] out Place? place)
    {
        lock (gate)
        {
            followers.TryGetValue(client, out var follower);
            if (
                load.Streams >= options.MaxPerInstance
                || (follower?.Places ?? 0) >= options.MaxPerClient
            )
            {
                place = null;
                return false;
            }

            follower ??= followers[client] = new DecisionFollower(client, feed, load, time);
            follower.Places++;
            load.Streams++;
            place = new Place(this, client, follower);
            return true;
        }
    }

    private void Leave(ClientId client, DecisionFollower follower)
    {
        lock (gate)
        {
            load.Streams--;
            follower.Places--;
            if (follower.Places == 0)
            {
                followers.TryRemove(client, out _);
                follower.Dispose();
            }
        }
    }

    /// <summary>The reserved place of a reader.</summary>
    internal sealed class Place(
        DecisionFollowers followers,
        ClientId client,
        DecisionFollower follower
    ) : IDisposable
    {
        private DecisionBuffer? buffer;
        private bool isLeft;

        /// <summary>Starts buffering the decisions from now on.</summary>
        /// <returns>The buffer, and the id after which its decisions begin.</returns>
        /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
        public async Task<(DecisionBuffer Buffer, long After)> JoinAsync(
            FollowDecisionsQuery query,
            CancellationToken cancellationToken
        )
        {
            buffer = new DecisionBuffer(query, followers.load, followers.time);
            return (buffer, await follower.JoinAsync(buffer, cancellationToken));
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
                follower.Remove(buffer);
            }

            followers.Leave(client, follower);
        }
    }
}
